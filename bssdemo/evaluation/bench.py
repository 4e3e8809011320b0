"""`python -m bssdemo bench audio`: spectral SNR, envelope distance and SIR on mixtures of held-out recordings.

Heavy modules are imported inside `run`, so that the command line can ask for the arguments at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bssdemo.evaluation import records, tables

LARGEST_GAIN = 60  # dB; sources further apart are silence to each other


class BenchError(ValueError):
    """The benchmark cannot run as asked; the message says what to change."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench audio`; the defaults are the page's default settings."""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="recordings: see docs/BENCHMARKS.md"
    )
    parser.add_argument(
        "--sources", required=True, metavar="A,B", help="for example digit,piano; may repeat one"
    )
    parser.add_argument(
        "--methods", default="all", metavar="A,B", help="which to run, for example raw (default: all)"
    )
    parser.add_argument(
        "--mixtures", type=int, default=50, metavar="N", help="how many to draw (default: 50)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw and of random starts (default: 0)")
    parser.add_argument(
        "--split", choices=("test", "valid"), default="test", help="recordings (default: test)"
    )
    parser.add_argument(
        "--gain-range", type=float, default=0.0, metavar="DB",
        help="scale each source by a random gain of at most so many dB up or down (default: 0)",
    )  # fmt: skip
    parser.add_argument("--preset", choices=("balanced", "paper", "reference"), default="balanced")
    parser.add_argument("--steps", type=int, metavar="N", help="of the search (default: the preset's)")
    parser.add_argument("--starts", type=int, metavar="S", help="of the search (default: the preset's)")
    parser.add_argument("--start", choices=("zeros", "encoder"), help="of the search (default: the preset's)")
    parser.add_argument(
        "--gain", choices=("fixed", "estimated"), help="of the sources (default: the preset's)"
    )
    parser.add_argument(
        "--batch", type=int, default=16, metavar="B", help="mixtures solved at once (default: 16)"
    )
    parser.add_argument(
        "--checkpoints", type=Path, metavar="DIR", help="a folder of checkpoints to use instead"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here too")


def run(args: argparse.Namespace) -> int:
    """Draw, separate, score, print; errors of the user are ValueErrors with one plain line."""
    sources = _names(args.sources, "--sources")
    for option in ("mixtures", "batch", "steps", "starts"):
        value = getattr(args, option)
        if value is not None and value < 1:
            raise BenchError(f"--{option} must be at least 1, got {value}")
    if not 0 <= args.gain_range <= LARGEST_GAIN:
        raise BenchError(f"--gain-range must lie between 0 and {LARGEST_GAIN} dB, got {args.gain_range}")
    if args.seed < 0:
        raise BenchError(f"--seed must not be negative, got {args.seed}")
    if args.json is not None and args.json.is_dir():
        raise BenchError(f"--json needs the name of a file, and {args.json} is a folder")

    from tqdm import tqdm

    from bssdemo.evaluation.methods import METHODS, Answer, Separator, Setting
    from bssdemo.evaluation.mixtures import draw
    from bssdemo.evaluation.runner import score, summarise
    from bssdemo.threads import use_own_cores

    use_own_cores()
    names = tuple(METHODS) if args.methods == "all" else _names(args.methods, "--methods")
    for name in names:
        if name not in METHODS:
            raise BenchError(f"there is no method called '{name}'; available: {', '.join(METHODS)}")
    setting = Setting(
        sources,
        args.preset,
        steps=args.steps,
        starts=args.starts,
        start=args.start,
        gain=args.gain,
        seed=args.seed,
        checkpoints=args.checkpoints,
        unknown_level=args.gain_range > 0,
    )
    shared: dict[
        Callable[[Setting], Separator], dict[str, Answer]
    ] = {}  # methods by what they have run for them
    for name in names:
        shared.setdefault(METHODS[name].separator, {})[name] = METHODS[name].answer
    separators = {build: build(setting) for build in shared}
    mix, refs = draw(args.data, sources, args.mixtures, args.seed, args.split, args.gain_range)
    if args.json is not None:  # before the long run: a place that cannot be written is told at once
        args.json.parent.mkdir(parents=True, exist_ok=True)
    results: list[records.Record] = []
    for build, answers in shared.items():
        layout = "{desc}: {percentage:3.0f}%|{bar}| {n:.1f}/{total} mixtures [{elapsed}<{remaining}]"
        with tqdm(total=len(mix), desc=", ".join(answers), file=sys.stderr, bar_format=layout) as bar:
            for scores in score(separators[build], answers, mix, refs, sources, args.batch, bar.update):
                results += summarise(scores, sources)
    if args.json is not None:
        records.write(args.json, results)
    gains = f", gains within {args.gain_range:g} dB" if args.gain_range else ""
    print(
        f"{'-'.join(sources)}, {args.split} recordings, seed {args.seed}{gains}\n\n{tables.by_metric(results)}"
    )
    return 0


def _names(text: str, option: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise BenchError(f"{option} must be names with commas between them, got '{text}'")
    return names
