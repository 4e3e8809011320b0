"""`python -m bssdemo bench audio`: spectral SNR, envelope distance, SIR and SI-SDR on mixtures of held-out recordings.

With `--json` the results are kept after every batch, and the same command goes on where a stopped one was.
Heavy modules are imported inside `run`, so that the command line can ask for the arguments at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bssdemo.evaluation.records import Results, read, write

if TYPE_CHECKING:
    from bssdemo.evaluation.methods import Method, Separator, Setting

LARGEST_GAIN = 60  # dB; sources further apart are silence to each other
USUAL = "raw,refined,mixture,oracle"  # a few seconds a mixture at most; the others are asked for by name
LOSSES = (
    "spectral",
    "dissociation",
    "coherence",
    "frequency",
)  # the objective's terms, as `search` names them
# what decides the values, beside the recordings and the networks: a file holds results of one choice of these
DECIDING = ("split", "seed", "gain_range", "preset", "steps", "starts", "start", "gain", "without")


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
        "--methods", default=USUAL, metavar="A,B", help=f"which to run, or 'all' of them (default: {USUAL})"
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
    parser.add_argument(
        "--start", choices=("zeros", "encoder", "random"), help="of the search (default: the preset's)"
    )
    parser.add_argument(
        "--gain", choices=("fixed", "estimated"), help="of the sources (default: the preset's)"
    )
    parser.add_argument(
        "--without", action="append", default=[], choices=LOSSES, help="a loss term to leave out; may repeat"
    )
    parser.add_argument(
        "--batch", type=int, default=16, metavar="B", help="mixtures solved at once (default: 16)"
    )
    parser.add_argument(
        "--checkpoints", type=Path, metavar="DIR", help="a folder of checkpoints to use instead"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE",
        help="keep the results here after every batch; what it holds already is not run again",
    )  # fmt: skip
    parser.add_argument("--fresh", action="store_true", help="forget what the --json file holds")
    parser.add_argument(
        "--label", action="append", metavar="TABLE/ROW",
        help="a name for these settings: a row of a table of `bench tables`; may repeat, for a row in several",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Draw, separate, score, print; errors of the user are ValueErrors with one plain line."""
    sources = _names(args.sources, "--sources")
    _check(args)
    args.without = sorted(set(args.without))
    settings = {"sources": list(sources), **{name: getattr(args, name) for name in DECIDING}}
    settings["label"] = args.label  # decides no value: a file can be given other ones
    kept = None if args.fresh or args.json is None or not args.json.exists() else read(args.json)
    _must_match(args.json, "settings", settings, kept)

    from tqdm import tqdm

    from bssdemo.evaluation import tables
    from bssdemo.evaluation.machine import describe
    from bssdemo.evaluation.methods import METHODS, Setting, fingerprints, runnable
    from bssdemo.evaluation.mixtures import draw, fingerprint
    from bssdemo.evaluation.runner import score, to_records
    from bssdemo.threads import use_own_cores

    use_own_cores()
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
        without=tuple(args.without),
    )
    names = runnable(setting) if args.methods == "all" else _names(args.methods, "--methods")
    for name in names:
        if name not in METHODS:
            raise BenchError(f"there is no method called '{name}'; available: {', '.join(METHODS)}, or all")
    prints = fingerprints(setting) if any(METHODS[name].searches for name in names) else {}
    mix, refs = draw(args.data, sources, args.mixtures, args.seed, args.split, args.gain_range)
    prints["first mixture"] = fingerprint(refs)
    _must_match(args.json, "fingerprints", prints, kept)
    results = Results(settings) if kept is None else replace(kept, settings=settings)
    if args.json is not None:  # before the long run: a place that cannot be written is told at once
        args.json.parent.mkdir(parents=True, exist_ok=True)
        if kept is not None and kept.settings != settings:
            write(args.json, results)
    todo = [(name, METHODS[name], results.done(name)) for name in names if results.done(name) < len(mix)]
    if todo:
        this_run = {"methods": [name for name, *_ in todo], "batch": args.batch, **describe()}
        results = results.joined_by(this_run, prints)
    for separator, members, done in _shared(todo, setting):
        layout = "{desc}: {percentage:3.0f}%|{bar}| {n:.1f}/{total} mixtures [{elapsed}<{remaining}]"
        described = ", ".join(members)
        with tqdm(total=len(mix), initial=done, desc=described, file=sys.stderr, bar_format=layout) as bar:
            for scored in score(separator, members, mix, refs, sources, args.batch, bar.update, done):
                results = results.extended(record for one in scored for record in to_records(one, sources))
                if args.json is not None:
                    write(args.json, results)
    gains = f", gains within {args.gain_range:g} dB" if args.gain_range else ""
    print(
        f"{'-'.join(sources)}, {args.split} recordings, seed {args.seed}{gains}\n\n"
        f"{tables.by_metric(results)}"
    )
    return 0


def _shared(
    todo: Sequence[tuple[str, Method, int]], setting: Setting
) -> list[tuple[Separator, dict[str, Method], int]]:
    """Methods that one run of a separator serves: those with the same one that have come equally far."""
    groups: dict[tuple[Callable[[Setting], Separator], int], dict[str, Method]] = {}
    for name, method, done in todo:
        groups.setdefault((method.separator, done), {})[name] = method
    return [(build(setting), members, done) for (build, done), members in groups.items()]


def _check(args: argparse.Namespace) -> None:
    for option in ("mixtures", "batch", "steps", "starts"):
        value = getattr(args, option)
        if value is not None and value < 1:
            raise BenchError(f"--{option} must be at least 1, got {value}")
    if not 0 <= args.gain_range <= LARGEST_GAIN:
        raise BenchError(f"--gain-range must lie between 0 and {LARGEST_GAIN} dB, got {args.gain_range}")
    if not 0 <= args.seed < 2**31:
        raise BenchError(f"--seed must lie between 0 and 2147483647, got {args.seed}")
    if args.json is not None and args.json.is_dir():
        raise BenchError(f"--json needs the name of a file, and {args.json} is a folder")


def _must_match(file: Path | None, part: str, wanted: dict[str, Any], kept: Results | None) -> None:
    """A file's values and new ones must come from the same settings, recordings and networks."""
    if kept is None:
        return
    had = {name: value for name, value in getattr(kept, part).items() if name != "label"}
    wanted = {name: value for name, value in wanted.items() if name != "label"}
    differing = [name for name in wanted if name in had and had[name] != wanted[name]]
    if part == "settings":
        differing += sorted(had.keys() ^ wanted.keys())
    if differing:
        told = ", ".join(f"{name} {had.get(name)} there, {wanted.get(name)} now" for name in differing)
        raise BenchError(
            f"{file} holds results of another run ({told}): name another file, or add --fresh to replace it"
        )


def _names(text: str, option: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise BenchError(f"{option} must be names with commas between them, got '{text}'")
    return names
