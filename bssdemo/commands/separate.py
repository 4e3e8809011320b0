"""`python -m bssdemo separate MIX --sources A,B --out DIR`: a recording in, its stems and a report out.

Several recordings, folders of them or tables of their paths are `separate_folder`'s.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bssdemo.commands.arguments import add_checkpoints, add_dask, add_device, at_least
from bssdemo.commands.codes import DONE, INTERRUPTED
from bssdemo.commands.interrupts import interrupts

if TYPE_CHECKING:
    from bssdemo.separation import Request

MOST_SOURCES = 8  # of one mixture: each costs a generator's pass every step
IN_HELP = (
    "gan",
    "unmix",
    "fastica",
    "pca",
    "kernelpca",
    "nmf",
    "dap",
)  # of methods, which waits for no torch
OF_THE_SEARCH = ("preset", "steps", "starts", "start", "gain", "sharing")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of `separate`."""
    command.add_argument(
        "recordings", type=Path, nargs="+", metavar="MIX",
        help="a sound file of any length up to --max-seconds; or several, folders of them, or a .csv with a "
        "column `path`: then every file has its own folder in --out",
    )  # fmt: skip
    command.add_argument(
        "--sources", type=_sources, required=True, metavar="A,B",
        help="what it holds, for example digit,piano; digit:2 for two of a kind",
    )  # fmt: skip
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for stems and report")
    command.add_argument(
        "--max-seconds", type=at_least(1), default=60, metavar="N",
        help="the most that is separated, from the recording's beginning (default: 60)",
    )  # fmt: skip
    command.add_argument(
        "--method", metavar="NAME", default="gan",
        help=f"one of {', '.join(IN_HELP)}: the search with GAN priors (default); a mask network trained on "
        "mixtures of just these two sources; or a baseline: its components have no names, --sources only says how "
        "many. The search's options are for the search only",
    )  # fmt: skip
    command.add_argument(
        "--preset", choices=("balanced", "paper", "reference"), help="of the search (default: balanced)"
    )
    command.add_argument(
        "--steps", type=at_least(1), metavar="N", help="default: the preset's, beyond 3 s at most 50"
    )
    command.add_argument(
        "--starts", type=at_least(1), metavar="S", help="default: the preset's, beyond 3 s one"
    )
    command.add_argument(
        "--start", choices=("zeros", "encoder"), help="where searches begin (default: the preset's)"
    )
    command.add_argument(
        "--gain", choices=("fixed", "estimated"), help="of each source (default: the preset's)"
    )
    command.add_argument(
        "--sharing", choices=("network", "plain"),
        help="who shares the mixture out among the sounds found: the share network (default) or a formula alone",
    )  # fmt: skip
    command.add_argument(
        "--seed", type=at_least(0), default=0, metavar="S", help="of random starts (default: 0)"
    )
    command.add_argument(
        "--jobs",
        type=at_least(1),
        metavar="N",
        help="of a folder: processes that share it (default: one a core)",
    )
    add_dask(command)
    add_device(command)
    add_checkpoints(command)


def run(args: argparse.Namespace) -> int:
    """Write the files of the result into --out and print where they are."""
    from bssdemo.commands import separate_folder

    given = [f"--{option}" for option in OF_THE_SEARCH if getattr(args, option) is not None]
    if given and args.method != "gan":
        raise ValueError(f"{', '.join(given)}: for --method gan only; leave out with --method {args.method}")

    if separate_folder.asked_for(args):
        return separate_folder.run(args, request_of(args))

    from tqdm import tqdm

    from bssdemo.machine import memory
    from bssdemo.machine.files import made
    from bssdemo.machine.text import readable
    from bssdemo.machine.threads import use_own_cores
    from bssdemo.separation import METHODS, Networks, Run, files, prepare, read, stretches

    use_own_cores()
    memory.few_arenas()
    request, (mixture,) = request_of(args), args.recordings
    load = METHODS[args.method].load
    if load is None and args.checkpoints is not None:
        raise ValueError(
            f"--checkpoints: for methods with networks only; leave out with --method {args.method}"
        )
    if stretches.needed(mixture, args.method, args.max_seconds):
        return _long(args, mixture, request)
    heard = read(mixture, args.max_seconds)
    loaded = Networks() if load is None else load(args.sources, args.checkpoints)
    job = prepare(heard, request, loaded)
    files.refuse_to_overwrite(mixture, job, args.out)
    with made(args.out):  # a place that cannot be written is told before the work
        with interrupts() as received, tqdm(desc="separating", unit="step", leave=False) as bar:
            separation = Run(job, stop=lambda: bool(received))
            for snapshot in separation:
                bar.total = snapshot.steps
                bar.set_postfix_str(f"loss {snapshot.total.item():.4g}", refresh=False)
                bar.update(snapshot.step - bar.n)
            result = separation.result()
        written = files.write(result, args.out)
    print(*result.notes, *map(readable, written.all), sep="\n")
    if received:
        print(f"stopped at step {result.answer.step} of {result.answer.steps}", file=sys.stderr)
        return INTERRUPTED
    return DONE


def _long(args: argparse.Namespace, mixture: Path, request: Request) -> int:
    """The same for a recording that is too long for one piece."""
    from tqdm import tqdm

    from bssdemo.separation import METHODS, Networks, stretches

    load = METHODS[args.method].load
    loaded = Networks() if load is None else load(args.sources, args.checkpoints)
    layout = "{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s [{elapsed}<{remaining}]"
    with (
        interrupts() as received,
        tqdm(total=args.max_seconds, desc="separating", leave=False, bar_format=layout) as bar,
    ):
        for progress in stretches.separate(
            mixture, request, loaded, args.out, args.max_seconds, lambda: bool(received)
        ):
            bar.total = progress.total
            bar.update(progress.seconds - bar.n)
    assert progress.written is not None
    print(*progress.notes, *progress.written.all, sep="\n")
    if progress.ending != "done":
        print(f"stopped after {progress.seconds:.0f} of {progress.total:.0f} s", file=sys.stderr)
        return INTERRUPTED
    return DONE


def request_of(args: argparse.Namespace) -> Request:
    """What the arguments ask for. Raises ValueError."""
    from bssdemo.separation import METHODS, Request

    if args.method not in METHODS:
        raise ValueError(f"there is no method called '{args.method}'; available: {', '.join(METHODS)}")
    asked = {option: getattr(args, option) for option in OF_THE_SEARCH}
    chosen = {option: value for option, value in asked.items() if value is not None}
    return Request(tuple(args.sources), args.method, seed=args.seed, **chosen)


def _sources(text: str) -> list[str]:
    """`digit,piano:2` -> ["digit", "piano", "piano"]."""
    names: list[str] = []
    for part in text.split(","):
        name, colon, count = (piece.strip() for piece in part.partition(":"))
        if not name or (colon and not (count.isdecimal() and 1 <= int(count) <= MOST_SOURCES)):
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a list of sources such as digit,piano or digit:2"
            )
        names += [name] * int(count or 1)
    if len(names) > MOST_SOURCES:
        raise argparse.ArgumentTypeError(f"at most {MOST_SOURCES} sources, got {len(names)}")
    return names
