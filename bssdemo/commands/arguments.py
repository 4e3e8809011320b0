"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def at_least(least: int) -> Callable[[str], int]:
    """A type for add_argument: whole numbers from `least` on."""

    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return whole


def add_checkpoints(command: argparse.ArgumentParser) -> None:
    """--checkpoints, for every command that loads networks."""
    command.add_argument(
        "--checkpoints", type=Path, metavar="DIR", help="a checkpoint or folder of them, asked first"
    )


def add_device(command: argparse.ArgumentParser) -> None:
    """--device, for every command that computes with networks."""
    command.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"),
        help="where networks compute (default: BSSDEMO_DEVICE, else a graphics card where there is one)",
    )  # fmt: skip


def add_dask(command: argparse.ArgumentParser) -> None:
    """--dask, for commands whose work can be spread over a cluster."""
    command.add_argument(
        "--dask", nargs="?", const="local", metavar="ADDRESS",
        help="work on a Dask cluster: on this machine, or at an address such as tcp://scheduler:8786",
    )  # fmt: skip


def add_training(command: argparse.ArgumentParser, steps: int, batch: int) -> None:
    """--data, --run, --steps, --batch, --seed, for trainings."""
    command.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="recordings: docs/guide/data.md"
    )
    command.add_argument("--run", type=Path, metavar="DIR", help="the run's folder (default: runs/NAME)")
    command.add_argument("--steps", type=at_least(1), default=steps, metavar="N", help=f"default: {steps}")
    command.add_argument("--batch", type=at_least(1), default=batch, metavar="N", help=f"default: {batch}")
    command.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="default: 0")
    add_device(command)
    command.add_argument("--precision", choices=("auto", "no", "bf16"), default="auto")


def precision_of(args: argparse.Namespace) -> str:
    """What accelerate computes in: bf16 where it pays, unless something else is asked for."""
    from bssdemo.machine.precision import bf16_pays

    asked: str = args.precision
    return ("bf16" if bf16_pays() else "no") if asked == "auto" else asked
