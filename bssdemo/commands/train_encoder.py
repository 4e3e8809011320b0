"""`python -m bssdemo train encoder`: train a prior's encoder on mixtures."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from bssdemo.commands.arguments import add_device


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`train encoder`'s arguments; defaults are those of the shipped encoders."""
    from bssdemo.training.encoder import KINDS, EncoderConfig

    default = EncoderConfig(name="")
    parser.add_argument("name", help="the prior's name: digit, drums, piano or your own")
    parser.add_argument("--data", type=Path, required=True, help="shared layout or a folder of audio")
    parser.add_argument(
        "--others", type=_names, metavar="A,B",
        help=f"kinds to mix it with, in the same data (default: those of {', '.join(KINDS)} that it is not)",
    )  # fmt: skip
    parser.add_argument("--checkpoint", type=Path, help="folder of the prior (default: Hub or bundled)")
    parser.add_argument("--run", type=Path, help="the run's folder (default: runs/encoder-NAME)")
    parser.add_argument(
        "--width", type=int, metavar="N",
        help=f"channels of the first layer (default: {default.width}; to tune, as many as the encoder has)",
    )  # fmt: skip
    for name in ("steps", "batch", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(default, name), metavar="N")
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate)
    parser.add_argument(
        "--mask-weight", type=float, default=default.mask_weight, metavar="W",
        help="weight of what a mask made of the estimate leaves of the others and takes of the clip",
    )  # fmt: skip
    parser.add_argument(
        "--tune", type=float, default=default.tune, metavar="R",
        help="train the generator too, at R times this rate, from the prior's own encoder (default: 0, frozen)",
    )  # fmt: skip
    parser.add_argument("--noisy", action="store_true", help="noise on z, as in the warm-up: for few clips")
    add_device(parser)
    parser.add_argument("--precision", choices=("auto", "no", "bf16"), default="auto")
    parser.add_argument("--save-every", type=int, default=200, metavar="N")
    parser.add_argument("--evaluate-every", type=int, default=200, metavar="N")


def run(args: argparse.Namespace) -> int:
    """The command; prints where the checkpoint is."""
    from bssdemo.checkpoints import hub
    from bssdemo.machine.precision import bf16_pays
    from bssdemo.training.encoder import KINDS, EncoderConfig, train

    others: Sequence[str] = KINDS if args.others is None else args.others
    prior = hub.load(args.name, args.checkpoint)
    own = prior.encoder.width if args.tune and prior.encoder is not None else EncoderConfig.width
    config = EncoderConfig(
        args.name,
        tuple(name for name in others if name != args.name),
        width=own if args.width is None else args.width,
        steps=args.steps,
        batch=args.batch,
        learning_rate=args.learning_rate,
        tune=args.tune,
        mask_weight=args.mask_weight,
        noisy=args.noisy,
        seed=args.seed,
    )
    precision = ("bf16" if bf16_pays() else "no") if args.precision == "auto" else args.precision
    folder = train(
        config,
        prior,
        args.data,
        args.run or Path("runs") / f"encoder-{config.name}",
        precision=precision,
        save_every=args.save_every,
        evaluate_every=args.evaluate_every,
    )
    print(f"checkpoint: {folder}")
    return 0


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
