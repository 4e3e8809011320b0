"""`python -m bssdemo bench tree RUN RUN ...`: do trees come apart into the right sources, and how clean are they?"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench tree`."""
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="runs or checkpoints of mask networks"
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the data")
    parser.add_argument("--set", default="digits-014", help="the mixtures (default: digits-014)")
    parser.add_argument(
        "--mixtures", type=int, default=1000, metavar="N", help="how many to draw (default: 1000)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default: 0)")
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="default: test")
    parser.add_argument(
        "--whole", type=float, metavar="SHARE", help="from which a picture is clean (default: the tree's)"
    )


def run(args: argparse.Namespace) -> int:
    """Grow the trees, score them, print a table."""
    from bssdemo.bench.trees import sides_of_kinds, table, take_apart
    from bssdemo.checkpoints import hub
    from bssdemo.data.pictures import SETS, draw_mixtures, to_float
    from bssdemo.machine.threads import use_own_cores
    from bssdemo.unmix.tree import WHOLE

    use_own_cores()
    drawn = draw_mixtures(args.data, args.set, args.split, args.mixtures, args.seed)
    unmixers = [hub.load_unmixer(_only_name(place), place) for place in args.runs]
    kinds = sides_of_kinds(SETS[args.set].labels, [one.sources for one in unmixers])
    mixtures = to_float(drawn.sums())
    whole = WHOLE if args.whole is None else args.whole
    found = take_apart(mixtures, [one.network for one in unmixers], kinds, whole)
    print(table(drawn.sources(), found))
    return 0


def _only_name(place: Path) -> str:
    from bssdemo.checkpoints import disk

    inner = place / "checkpoint"
    name: str = disk.read_config(inner if inner.is_dir() else place)["name"]
    return name
