"""`python -m bssdemo train tagger --data DATA`: the network that hears which kinds of sound are there."""

from __future__ import annotations

import argparse
from pathlib import Path

from bssdemo.commands.arguments import add_training, precision_of
from bssdemo.commands.codes import DONE


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of `train tagger`."""
    add_training(command, steps=4000, batch=48)
    command.add_argument(
        "--kinds", metavar="A,B", help="the kinds it tells apart (default: those of the shipped priors)"
    )


def run(args: argparse.Namespace) -> int:
    """Train or resume; print where the checkpoint is."""
    from bssdemo.checkpoints import hub
    from bssdemo.training import tagger

    kinds = tuple(args.kinds.split(",")) if args.kinds else tagger.TaggerConfig().kinds
    config = tagger.TaggerConfig(kinds, steps=args.steps, batch=args.batch, seed=args.seed)
    folder = args.run or Path("runs") / hub.TAGGER_NAME
    print(f"checkpoint: {tagger.train(config, args.data, folder, precision=precision_of(args))}")
    return DONE
