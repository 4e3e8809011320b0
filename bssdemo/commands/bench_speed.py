"""`python -m bssdemo bench speed`: what the search costs on this machine, as a Markdown table and as JSON.

The measurements are those of bench/speed.py; here the board's frames, which are the page's, come in.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bssdemo.bench.markdown import table
from bssdemo.machine.files import write_text

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from bssdemo.bench.speed import Length, Race, Step
    from bssdemo.models.wavegan import Generator
    from bssdemo.search.presets import SearchConfig
    from bssdemo.search.starts import Encoders
    from bssdemo.snapshot import Snapshot

SOURCES = ("digit", "piano", "drums")  # the first K of them
BATCHES = (1, 4, 16)
QUICK_STEPS = 3
PAPER_SIZE = 64  # d of the paper; random weights cost as much as trained ones


class SpeedError(ValueError):
    """The measurement cannot run as asked; the message says what to change."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench speed`."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here too")
    parser.add_argument("--long", action="store_true", help="60 s of sound as well (some minutes)")
    parser.add_argument("--quick", action="store_true", help="few repeats and short searches: a trial run")
    parser.add_argument(
        "--against-paper", type=int, default=0, metavar="N",
        help="time until the stems of N mixtures are as good as after the paper's 1,000 steps; needs --data",
    )  # fmt: skip
    parser.add_argument("--data", type=Path, metavar="DIR", help="recordings: see docs/guide/data.md")
    parser.add_argument("--seed", type=int, default=0, help="of the mixtures (default: 0)")
    parser.add_argument(
        "--checkpoints", type=Path, metavar="DIR", help="a folder of checkpoints to use instead"
    )


def run(args: argparse.Namespace) -> int:
    """Measure, print, write; errors of the user are ValueErrors with one plain line."""
    if args.against_paper < 0:
        raise SpeedError(f"--against-paper must be a number of mixtures, got {args.against_paper}")
    if args.against_paper and args.data is None:
        raise SpeedError("--against-paper needs recordings to mix: give --data DIR")
    if args.json is not None:  # before the long run: a place that cannot be written is told at once
        args.json.parent.mkdir(parents=True, exist_ok=True)

    import torch

    from bssdemo.bench import speed
    from bssdemo.checkpoints import hub
    from bssdemo.machine.describe import processor
    from bssdemo.machine.threads import use_own_cores
    from bssdemo.models.wavegan import Generator
    from bssdemo.search.pgd import PRESETS

    threads, repeats = use_own_cores(), 2 if args.quick else 12
    usual = _shortened(PRESETS["balanced"], args.quick)
    priors = [hub.load(name, args.checkpoints) for name in SOURCES]
    shipped, encoders = [one.generator for one in priors], [one.encoder for one in priors]
    machine = {
        "processor": processor(),
        "threads": threads,
        "torch": torch.__version__,
        "load": round(os.getloadavg()[0], 2),  # of others; above 0 the times are too long
        "matrix_gflops": round(speed.ceiling(repeats), 1),
    }
    _tell("a first search, not counted")
    speed.length(shipped[:2], 1, replace(usual, steps=2, explore=1), encoders[:2])
    # recordings first, by length: each one's peak memory is then its own
    lengths = []
    for seconds in (1, 5, *(() if args.quick else (20,)), *((60,) if args.long else ())):
        _tell(f"{seconds} s of sound")
        lengths.append(speed.length(shipped[:2], seconds, usual, encoders[:2]))
    _tell("the board")
    board = speed.steps_per_second(shipped[:2], usual, _board, encoders[:2])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        large = [Generator(PAPER_SIZE).freeze() for _ in SOURCES]
    steps = []
    for networks in (shipped, large):
        for sources in (2, 3):
            for batch in BATCHES[: 1 if args.quick else None]:
                _tell(f"a step of d = {networks[0].model_size}, K = {sources}, batch {batch}")
                steps.append(speed.step(networks[:sources], batch, repeats))
    race = _race(args, shipped, encoders) if args.against_paper else None
    if args.json is not None:
        _write(args.json, machine, steps, board, lengths, race)
    print(_report(machine, steps, board, lengths, race))
    return 0


def _shortened(config: SearchConfig, quick: bool) -> SearchConfig:
    return replace(config, steps=QUICK_STEPS, explore=1) if quick else config


def _race(args: argparse.Namespace, shipped: Sequence[Generator], encoders: Encoders) -> Race:
    from bssdemo.bench import speed
    from bssdemo.data.mixtures import draw
    from bssdemo.search.pgd import PRESETS

    _tell(f"the paper's schedule on {args.against_paper} mixtures")
    mix, refs = draw(args.data, SOURCES[:2], args.against_paper, args.seed)
    ours, paper = (_shortened(PRESETS[name], args.quick) for name in ("balanced", "paper"))
    return speed.race(mix, refs, shipped[:2], ours, paper, encoders[:2])


def _board(mix: Float[Tensor, " samples"], snapshots: Iterator[Snapshot]) -> Iterable[object]:
    """The page's frames at the page's pace."""
    from bssdemo.search.pgd import PRESETS
    from bssdemo.ui.board.painter import Painter, paced

    objective = PRESETS["balanced"].objective
    painter = Painter(mix, SOURCES[:2], objective.form)
    return paced(
        snapshots, lambda snapshot, status: painter.frame(snapshot, objective.weights, status), lambda: "done"
    )


def _tell(what: str) -> None:
    print(f"measuring {what} ...", file=sys.stderr, flush=True)


def _write(
    path: Path,
    machine: dict[str, Any],
    steps: Sequence[Step],
    board: tuple[float, float],
    lengths: Sequence[Length],
    race: Race | None,
) -> None:
    record = {
        "machine": machine,
        "steps": [asdict(one) | {"ratio": one.ratio} for one in steps],
        "steps_per_second": {"without_board": board[0], "with_board": board[1]},
        "lengths": [asdict(one) for one in lengths],
        "against_paper": None if race is None else asdict(race),
    }
    write_text(path, json.dumps(record, indent=2) + "\n")


def _report(
    machine: dict[str, Any],
    steps: Sequence[Step],
    board: tuple[float, float],
    lengths: Sequence[Length],
    race: Race | None,
) -> str:
    """The numbers as Markdown."""
    of_steps = [["d", "K", "batch", "generators, ms", "GFLOP/s", "whole step, ms", "whole / generators"]]
    of_steps += [
        [str(one.model_size), str(one.sources), str(one.batch), f"{one.generators:.1f}", f"{one.gflops:.0f}",
         f"{one.whole:.1f}", f"{one.ratio:.2f}"]
        for one in steps
    ]  # fmt: skip
    of_lengths = [
        ["sound, s", "windows", "steps", "search, s", "refining, s", "times the first row", "peak memory, GB"]
    ]
    first = lengths[0].search + lengths[0].refine
    of_lengths += [
        [str(one.seconds), str(one.windows), str(one.steps), f"{one.search:.1f}", f"{one.refine:.2f}",
         f"{(one.search + one.refine) / first:.1f}", f"{one.peak_gb:.2f}"]
        for one in lengths
    ]  # fmt: skip
    parts = [
        f"{machine['processor']}, {machine['threads']} threads, torch {machine['torch']}, load before "
        f"{machine['load']}. Matrix products: {machine['matrix_gflops']:.0f} GFLOP/s.",
        table(of_steps),
        f"One mixture, K = 2: {board[0]:.1f} steps a second without the board's frames, {board[1]:.1f} with them.",
        table(of_lengths),
    ]
    return "\n\n".join(parts if race is None else [*parts, _race_line(race)])


def _race_line(race: Race) -> str:
    paper = f"{race.mixtures} mixtures: the paper's schedule ends at {race.paper_snr:.2f} dB"
    if race.reached_seconds is None:
        return f"{paper}; the default search never gets there, it ends at {race.ours_snr:.2f} dB."
    sooner = race.paper_seconds / max(race.reached_seconds, 1e-9)
    return (
        f"{paper} after {race.paper_seconds:.1f} s; the default search is there after {race.reached_seconds:.1f} s "
        f"({sooner:.0f} times sooner) and ends at {race.ours_snr:.2f} dB after {race.ours_seconds:.1f} s."
    )
