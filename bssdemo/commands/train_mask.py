"""`python -m bssdemo train mask`: train a mask network on mixtures of pictures or sounds."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bssdemo.commands.arguments import add_device

if TYPE_CHECKING:
    from bssdemo.training.mask_config import UnmixConfig

OPTIONS = ("steps", "pairs", "width", "levels", "mixtures", "seed")  # of a config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`train mask`'s arguments; defaults are the working config's."""
    from bssdemo.data.pictures import SETS
    from bssdemo.data.spectrograms import SOUND_SETS
    from bssdemo.training.mask import TERMS
    from bssdemo.training.mask_config import CONFIGS

    parser.add_argument("set", help=f"pictures: {', '.join(SETS)}; sounds: {', '.join(SOUND_SETS)}")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the data")
    parser.add_argument("--run", type=Path, metavar="DIR", help="the run's folder (default: runs/mask-SET)")
    parser.add_argument("--config", choices=tuple(CONFIGS), default="working")
    parser.add_argument("--supervised", action="store_true", help="train the twin that sees the true sources")
    for name in OPTIONS:
        parser.add_argument(f"--{name}", type=int, metavar="N", help="default: the config's")
    parser.add_argument(
        "--without", choices=TERMS, action="append", default=[], help="leave a term out (may be repeated)"
    )
    parser.add_argument(
        "--inside", type=Path, metavar="DIR", help="a trained checkpoint: split the larger of its sources"
    )
    add_device(parser)
    parser.add_argument("--precision", choices=("auto", "no", "bf16"), default="auto")
    parser.add_argument("--check-every", type=int, default=250, metavar="N", help="steps between states")


def run(args: argparse.Namespace) -> int:
    """The command; prints where the checkpoint is."""
    from bssdemo.data.pictures import to_float
    from bssdemo.data.sets import draw
    from bssdemo.machine.precision import bf16_pays
    from bssdemo.machine.threads import use_own_cores
    from bssdemo.training.mask import (
        VALID_MIXTURES,
        VALID_SEED,
        Pairs,
        Sums,
        checkpoint_name,
        larger_part,
        train,
    )
    from bssdemo.training.mask_losses import same
    from bssdemo.unmix.cycle import Mask

    use_own_cores()
    config = configured(args)
    valid = draw(args.data, args.set, "valid", VALID_MIXTURES, VALID_SEED)
    mixtures = draw(args.data, args.set, "train", config.mixtures, config.seed)
    precision = ("bf16" if bf16_pays() else "no") if args.precision == "auto" else args.precision
    sums = mixtures.sums()
    inside: Mask = same
    if args.inside is not None:
        inside = larger_part(
            args.inside, checkpoint_name(replace(config, inside="")), to_float(sums[:VALID_MIXTURES])
        )
    folder = train(
        config,
        Pairs(mixtures) if config.supervised else Sums(sums, inside),
        valid,
        args.run or Path("runs") / checkpoint_name(config),
        precision=precision,
        check_every=args.check_every,
    )
    print(f"checkpoint: {folder}")
    return 0


def configured(args: argparse.Namespace) -> UnmixConfig:
    """The named config with what was asked for on the command line. Raises DataError for an unknown set."""
    from bssdemo.data.clips import DataError
    from bssdemo.data.sets import ALL_SETS
    from bssdemo.training.mask_config import CONFIGS, TWIN

    if args.set not in ALL_SETS:
        raise DataError(f"there is no set called '{args.set}'; available: {', '.join(ALL_SETS)}")
    config = CONFIGS[args.config][args.set]
    asked = {name: value for name in OPTIONS if (value := getattr(args, name)) is not None}
    weights = replace(config.weights, **dict.fromkeys(args.without, 0.0))
    if args.supervised and len(ALL_SETS[args.set].labels) != 2:
        raise DataError(f"--supervised needs a set of two kinds, and '{args.set}' has more")
    inside = "" if args.inside is None else str(args.inside)
    twin = TWIN if args.supervised and args.config == "working" else {}
    return replace(config, supervised=args.supervised, weights=weights, inside=inside, **twin | asked)
