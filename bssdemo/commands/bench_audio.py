"""`python -m bssdemo bench audio`: score separations of held-out mixtures.

Heavy modules are imported inside `run`, so that the command line can ask for the arguments at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bssdemo.commands.arguments import add_dask, add_device
from bssdemo.commands.codes import DONE

if TYPE_CHECKING:
    from bssdemo.bench.audio import Asked

USUAL = "raw,refined,mixture,oracle"  # a few seconds a mixture at most; the others are asked for by name
LOSSES = (
    "spectral",
    "dissociation",
    "coherence",
    "frequency",
)  # the objective's terms, as `search` names them


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench audio`; the defaults are the page's default settings."""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="recordings: see docs/guide/data.md"
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
        "--leash", type=float, metavar="L",
        help="weight of R, which pulls to the first guess; 0: no pull (default: the preset's)",
    )  # fmt: skip
    parser.add_argument(
        "--without", action="append", default=[], choices=LOSSES, help="a loss term to leave out; may repeat"
    )
    parser.add_argument(
        "--people", action="store_true",
        help="recordings as people bring them: grooves for drums, piano-more for piano (docs/guide/data.md)",
    )  # fmt: skip
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
    add_dask(parser)
    add_device(parser)


def asked(args: argparse.Namespace) -> Asked:
    """The benchmark that the arguments ask for. Raises ValueError."""
    from bssdemo.bench.audio import Asked
    from bssdemo.bench.methods import Setting

    setting = Setting(
        _names(args.sources, "--sources"), args.split, args.seed, args.gain_range, args.preset, args.steps,
        args.starts, args.start, args.gain, tuple(sorted(set(args.without))), args.people,
        args.leash, args.checkpoints,
    )  # fmt: skip
    rows = None if args.methods == "all" else _names(args.methods, "--methods")
    return Asked(
        setting, args.data, rows, args.mixtures, args.batch, args.json, args.fresh, tuple(args.label or ())
    )


def run(args: argparse.Namespace) -> int:
    """Run the benchmark with a progress bar and print its tables."""
    from bssdemo.bench import audio, tables
    from bssdemo.machine.cluster import asked_for
    from bssdemo.machine.threads import use_own_cores

    use_own_cores()
    wanted = asked(args)
    with asked_for(args.dask) as place:
        results = audio.run(wanted, _bar, place)
    gains = f", gains within {args.gain_range:g} dB" if args.gain_range else ""
    print(
        f"{'-'.join(wanted.setting.sources)}, {args.split} recordings, seed {args.seed}{gains}\n\n"
        f"{tables.by_metric(results)}"
    )
    return DONE


@contextmanager
def _bar(names: Sequence[str], total: int, done: int) -> Iterator[Callable[[float], object]]:
    from tqdm import tqdm

    layout = "{desc}: {percentage:3.0f}%|{bar}| {n:.1f}/{total} mixtures [{elapsed}<{remaining}]"
    with tqdm(
        total=total, initial=done, desc=", ".join(names), file=sys.stderr, bar_format=layout
    ) as bar:  # fmt: skip
        yield bar.update


def _names(text: str, option: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise ValueError(f"{option} must be names with commas between them, got '{text}'")
    return names
