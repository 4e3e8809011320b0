"""`python -m bssdemo train dense NAME --data DATA`: a prior with the paper's dense latent."""

from __future__ import annotations

import argparse
from pathlib import Path

from bssdemo.commands.arguments import add_device


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `train dense`; defaults are those of the shipped checkpoints."""
    from bssdemo.training.prior import PriorConfig

    default = PriorConfig(name="")
    parser.add_argument("name", help="the prior's name: digit, drums, piano or your own")
    parser.add_argument("--data", type=Path, required=True, help="shared layout or a folder of audio")
    parser.add_argument("--run", type=Path, help="the run's folder (default: runs/NAME)")
    for field in ("warmup_steps", "gan_steps", "model_size", "latent_size", "batch", "seed"):
        value = getattr(default, field)
        parser.add_argument(f"--{field.replace('_', '-')}", type=int, default=value, metavar="N")
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate)
    add_device(parser)
    parser.add_argument("--precision", choices=("auto", "no", "bf16"), default="auto")
    parser.add_argument("--save-every", type=int, default=200, metavar="N")
    parser.add_argument("--evaluate-every", type=int, default=400, metavar="N")


def run(args: argparse.Namespace) -> int:
    """The command; prints where the checkpoint is."""
    from bssdemo.data.augment import RECIPES, Augmentation
    from bssdemo.machine.precision import bf16_pays
    from bssdemo.training.prior import PriorConfig, train

    fields = ("name", "warmup_steps", "gan_steps", "model_size", "latent_size", "batch", "seed")
    config = PriorConfig(
        **{field: getattr(args, field) for field in fields}, learning_rate=args.learning_rate
    )
    precision = ("bf16" if bf16_pays() else "no") if args.precision == "auto" else args.precision
    folder = train(
        config,
        args.data,
        args.run or Path("runs") / config.name,
        augmentation=RECIPES.get(config.name, Augmentation()),
        precision=precision,
        save_every=args.save_every,
        evaluate_every=args.evaluate_every,
    )
    print(f"checkpoint: {folder}")
    return 0
