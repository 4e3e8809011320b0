"""What docs/results/scale.md tells, measured: `python -m tests.folders.measure speed|memory|message --help`.

`speed`: files of a few seconds one by one in one process, then by a command each, then as a folder. `memory`: the
peak of one long recording. `message`: what passes through a cluster's scheduler. Recordings are the examples'
mixtures, end to end.
"""

from __future__ import annotations

import argparse
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "digit-piano" / "mixture.wav"
BLOCK = 60  # seconds that are made at once
SOURCES = ("digit", "piano")


def write_recording(
    file: Path, seconds: float, rate: int = 16_000, channels: int = 1, shift: int = 0
) -> None:
    """The example again and again, at any rate: the search's work does not depend on what it hears."""
    mixture, _ = soundfile.read(EXAMPLE, dtype="float32")
    block = np.resize(np.roll(mixture, shift), (BLOCK * rate, 1)).repeat(channels, 1)
    left = round(seconds * rate)
    with soundfile.SoundFile(file, "w", rate, channels, subtype="PCM_16") as sound:
        while left > 0:
            sound.write(block[:left])
            left -= len(block)


def command(*words: object) -> list[str]:
    """`python -m bssdemo separate` with the usual sources."""
    return [sys.executable, "-m", "bssdemo", "separate", *map(str, words), "--sources", ",".join(SOURCES)]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time, that of ended processes with it."""
    began, spent = time.perf_counter(), processor()
    work()
    return time.perf_counter() - began, processor() - spent


def processor() -> float:
    """Seconds that this process and its ended children computed."""
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


def speed(args: argparse.Namespace) -> None:
    """Seconds of audio per second, one by one and as a folder."""
    import torch

    from bssdemo.machine.threads import use_own_cores
    from bssdemo.separation import Request, Run, prepare, priors_of, read, write

    use_own_cores()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "in"
        folder.mkdir()
        for number in range(args.files):
            write_recording(folder / f"{number:04d}.wav", args.seconds, shift=97 * number)
        audio = args.files * args.seconds
        networks = priors_of(SOURCES)

        def alone(file: Path, out: Path) -> None:
            run = Run(prepare(read(file), Request(SOURCES, steps=args.steps), networks))
            for _ in run:
                pass
            write(run.result(), out)

        alone(folder / "0000.wav", Path(made) / "warm-up")
        one_by_one, spent = timed(
            lambda: [alone(file, Path(made) / "alone" / file.stem) for file in sorted(folder.iterdir())]
        )
        print(
            f"one by one in one process of {torch.get_num_threads()} threads: "
            f"{audio / one_by_one:.3f} s of audio per second, {spent / audio:.3f} s of processor per s of audio",
            flush=True,
        )
        steps = ["--steps", args.steps] if args.steps else []
        files = sorted(folder.iterdir())[: args.commands]
        part = len(files) * args.seconds

        def by_commands() -> None:
            for file in files:
                out = Path(made) / "commands" / file.stem
                subprocess.run(command(file, "--out", out, *steps), check=True, capture_output=True)

        if files:
            took, spent = timed(by_commands)
            print(
                f"a command a file, {len(files)} of them: {part / took:.3f} s of audio per second, "
                f"{spent / part:.3f} s of processor per s of audio",
                flush=True,
            )
        if not args.jobs:
            return
        for words in (["--jobs", "1"], ["--jobs", str(args.jobs)], ["--dask"] if args.dask else []):
            if not words:
                continue
            out = Path(made) / "-".join(words)
            program = command(folder, "--out", out, *steps, *words)
            took, spent = timed(partial(subprocess.run, program, check=True, capture_output=True))
            print(
                f"{' '.join(words)}, start of the program included: {audio / took:.3f} s of audio per second, "
                f"{one_by_one / took:.2f} times one by one, {spent / audio:.3f} s of processor per s of audio",
                flush=True,
            )
            if words == ["--jobs", "1"]:
                first = out
            else:
                files = [file.relative_to(first) for file in first.rglob("*.wav")]
                same = sum((first / file).read_bytes() == (out / file).read_bytes() for file in files)
                print(f"{same} of {len(files)} sounds have the same bytes as with --jobs 1", flush=True)


def memory(args: argparse.Namespace) -> None:
    """The largest resident size of a process that separates one recording."""
    with tempfile.TemporaryDirectory() as made:
        write_recording(Path(made) / "long.wav", args.seconds, args.rate, args.channels)
        words = ["--max-seconds", str(args.seconds), "--out", str(Path(made) / "out")]
        words += ["--steps", str(args.steps)] if args.steps else []
        words += ["--checkpoints", str(args.checkpoints)] if args.checkpoints else []
        began = time.perf_counter()
        subprocess.run(command(Path(made) / "long.wav", *words), check=True, stdout=subprocess.DEVNULL)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        print(
            f"{args.seconds} s, {args.channels} channels at {args.rate} Hz: {peak:.2f} GB, "
            f"{time.perf_counter() - began:.0f} s"
        )


def message(args: argparse.Namespace) -> None:
    """Bytes of a task of eight files, and of what comes back."""
    from bssdemo.folders.found import Entry
    from bssdemo.folders.run import FILES_AT_ONCE
    from bssdemo.folders.work import Asked, Outcome, Task
    from bssdemo.separation import Request

    places = [Path("2026-11-27", f"{number:07d}") for number in range(FILES_AT_ONCE)]
    entries = tuple(Entry(Path("/data/recordings", f"{place}.wav"), place) for place in places)
    task = Task(Asked(Request(SOURCES), Path("/data/stems")), entries, "0123456789abcdef", "float32")
    answer = [
        Outcome(entry, "done", 300.0, 260.0, "300 s are separated in 15 stretches.") for entry in entries
    ]
    print(f"a task: {len(pickle.dumps(task))} bytes, its answer: {len(pickle.dumps(answer))}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_subparsers(required=True)
    one = what.add_parser("speed")
    one.add_argument("--files", type=int, default=200)
    one.add_argument("--seconds", type=float, default=5.0)
    one.add_argument(
        "--commands", type=int, default=5, help="files that are also separated by a command each"
    )
    one.add_argument("--jobs", type=int, default=2, help="processes for the folder; 0: no folder")
    one.add_argument("--dask", action="store_true")
    one.set_defaults(run=speed)
    two = what.add_parser("memory")
    two.add_argument("--seconds", type=int, default=3600)
    two.add_argument("--rate", type=int, default=44_100)
    two.add_argument("--channels", type=int, default=2)
    two.add_argument("--checkpoints", type=Path)
    two.set_defaults(run=memory)
    three = what.add_parser("message")
    three.set_defaults(run=message)
    for each in (one, two):
        each.add_argument("--steps", type=int)
    asked = parser.parse_args()
    asked.run(asked)
