"""`python -m bssdemo train share --data DATA`: the network that shares a mixture out among estimates."""

from __future__ import annotations

import argparse
from pathlib import Path

from bssdemo.commands.arguments import add_checkpoints, add_training, precision_of
from bssdemo.commands.codes import DONE


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of `train share`."""
    add_training(command, steps=3000, batch=6)
    command.add_argument(
        "--without",
        metavar="A,B",
        default="",
        help="kinds that it is not shown, to see whether it serves them too",
    )
    add_checkpoints(command)


def run(args: argparse.Namespace) -> int:
    """Train or resume; print where the checkpoint is."""
    from bssdemo.checkpoints import hub
    from bssdemo.data.clips import DataError
    from bssdemo.data.kinds import SETS
    from bssdemo.separation.networks import everything
    from bssdemo.training import share

    found = everything(args.checkpoints).priors
    priors = {name: prior for name, prior in found.items() if prior.encoder is not None}
    left_out = set(args.without.split(","))
    kinds = [*SETS, *(name for name in priors if name not in SETS)]
    serving = {kind: [kind] for kind in kinds if kind in priors and kind not in left_out}
    if not serving:
        raise DataError(
            "there is no prior with an encoder to train on: train one first, or give --checkpoints"
        )
    folder = args.run or Path("runs") / hub.SHARE_NAME
    config = share.ShareConfig(steps=args.steps, batch=args.batch, seed=args.seed)
    precision = precision_of(args)
    print(f"checkpoint: {share.train(config, args.data, priors, serving, folder, precision=precision)}")
    return DONE
