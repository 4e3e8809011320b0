"""`python -m bssdemo bench presence`: does the tagger hear what is there, and is the stem of what is not empty?"""

from __future__ import annotations

import argparse
from pathlib import Path

from bssdemo.commands.arguments import add_device
from bssdemo.commands.codes import DONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench presence`."""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="recordings: see docs/guide/data.md"
    )
    parser.add_argument("--split", choices=("valid", "test"), default="test", help="(default: test)")
    parser.add_argument(
        "--mixtures", type=int, default=2000, metavar="N", help="windows that are listened to (default: 2000)"
    )
    parser.add_argument(
        "--recordings", type=int, default=240, metavar="N", help="of five windows; 0: none (default: 240)"
    )
    parser.add_argument(
        "--absent", type=int, default=100, metavar="N",
        help="mixtures that are separated for every kind that is not in them; 0: none (default: 100)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default: 0)")
    parser.add_argument("--steps", type=int, metavar="N", help="of every search (default: the page's)")
    parser.add_argument(
        "--checkpoints", type=Path, metavar="DIR", help="a folder of checkpoints to use instead"
    )
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Listen, separate, print a table. Raises DataError, CheckpointError, ValueError."""
    from bssdemo.bench import presence
    from bssdemo.bench.methods import Setting
    from bssdemo.checkpoints import hub
    from bssdemo.machine.threads import use_own_cores

    use_own_cores()
    if args.mixtures < 1 or args.recordings < 0 or args.absent < 0:
        raise ValueError("--mixtures must be at least 1, --recordings and --absent at least 0")
    tags = hub.load_tags(args.checkpoints)
    if tags is None:
        raise ValueError("there is no tagger: train one with `python -m bssdemo train tagger`")
    kinds = presence.kinds_of(args.data, tags, args.split)
    setting = Setting((), seed=args.seed, steps=args.steps, checkpoints=args.checkpoints)
    found = list(presence.measure(kinds, tags, args.mixtures, args.absent, args.seed, setting))
    pooled = presence.recordings(kinds, tags, args.recordings, args.seed) if args.recordings else None
    print(presence.tabled(found, pooled))
    return DONE
