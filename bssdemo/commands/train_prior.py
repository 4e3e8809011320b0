"""`python -m bssdemo train prior NAME --data DATA`: generator and encoder of a kind, its level and its presence."""

from __future__ import annotations

import argparse
from pathlib import Path

from bssdemo.commands.arguments import add_training, precision_of
from bssdemo.commands.codes import DONE


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of `train prior`."""
    command.add_argument(
        "name", help="the kind: speech, drums, piano, guitar, bass, strings, or a folder of your own"
    )
    add_training(command, steps=1500, batch=20)
    command.add_argument(
        "--others",
        metavar="A,B",
        help="the kinds it is mixed with (default: all that ship; a prior stands in for what --data lacks)",
    )
    command.add_argument(
        "--begin",
        type=Path,
        metavar="CHECKPOINT",
        help="another kind's prior to start from: half the steps will do",
    )


def run(args: argparse.Namespace) -> int:
    """Train or resume; print where the checkpoint is."""
    from bssdemo.checkpoints import hub
    from bssdemo.data.kinds import SETS, lies_in, load_kind
    from bssdemo.training import timed

    others = tuple(args.others.split(",")) if args.others else tuple(SETS)
    load_kind(args.data, args.name, "train")  # refused before anything is loaded or said
    missing = [name for name in others if not lies_in(args.data, name) and name != args.name]
    shipped = {listing.name for listing in hub.available()}
    priors = {name: hub.load(name) for name in missing if name in shipped}
    config = timed.TimedConfig(args.name, others, steps=args.steps, batch=args.batch, seed=args.seed)
    if priors:
        print(f"No recordings of {', '.join(priors)} in {args.data}: their priors stand in for them.")
    begin = None if args.begin is None else hub.load(args.begin.name, args.begin)
    folder = args.run or Path("runs") / args.name
    precision = precision_of(args)
    made = timed.train(config, args.data, folder, precision=precision, begin=begin, priors=priors)
    print(f"checkpoint: {made}")
    return DONE
