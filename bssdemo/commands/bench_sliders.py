"""`python -m bssdemo bench sliders`: what each slider of the page does to the stems, at both of its ends."""

from __future__ import annotations

import argparse
from pathlib import Path

from bssdemo.commands.arguments import add_device
from bssdemo.commands.codes import DONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench sliders`."""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="recordings: see docs/guide/data.md"
    )
    parser.add_argument("--sources", required=True, metavar="A,B", help="for example digit,piano")
    parser.add_argument(
        "--mixtures", type=int, default=20, metavar="N", help="how many to draw (default: 20)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default: 0)")
    parser.add_argument(
        "--people", action="store_true",
        help="recordings as people bring them: grooves for drums, piano-more for piano (docs/guide/data.md)",
    )  # fmt: skip
    parser.add_argument(
        "--pull",
        type=float,
        metavar="P",
        help="where the slider of R stands while the others move (default: 1)",
    )
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Search with every slider at both ends; print a table. Raises MixtureError, DataError, CheckpointError."""
    from bssdemo.bench.methods import Setting
    from bssdemo.bench.sliders import measure, tabled
    from bssdemo.machine.threads import use_own_cores

    use_own_cores()
    sources = tuple(name.strip() for name in args.sources.split(","))
    setting = Setting(sources, seed=args.seed, people=args.people)
    print(tabled(sources, list(measure(args.data, setting, args.mixtures, args.pull))))
    return DONE
