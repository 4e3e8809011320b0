"""Where networks compute: on the processor, or on a graphics card.

The environment variable BSSDEMO_DEVICE says it, and every command's `--device`: `cpu`, `cuda`, `mps`, or `auto`, the
default, which is a card where torch finds one. Decided once per process. Searches follow their networks; recordings,
masks of whole recordings and files stay with the processor.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from bssdemo.machine import zero

if TYPE_CHECKING:
    import torch

VARIABLE = "BSSDEMO_DEVICE"
FORCED = "ACCELERATE_USE_CPU"  # tells accelerate to train on the processor although there is a card
DEVICES = ("auto", "cpu", "cuda", "mps")


def ask(name: str | None) -> None:
    """For this process and those that it starts; None leaves what the environment says."""
    if name is not None:
        os.environ[VARIABLE] = name
    if wanted() == "cpu":
        os.environ[FORCED] = "true"


def wanted() -> str:
    """What the environment asks for. Raises ValueError with a sentence for what is no device."""
    asked = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    if asked not in DEVICES:
        raise ValueError(f"{VARIABLE} must be {', '.join(DEVICES[:-1])} or {DEVICES[-1]}, got {asked!r}")
    return asked


def lends() -> bool:
    """Whether a card is wanted, and lent for one call after the other (zero.py)."""
    return zero.lends() and wanted() in ("auto", "cuda")


@cache
def chosen() -> torch.device:
    """Where networks are loaded to. Raises ValueError with a sentence where it is not there."""
    import torch  # a second, which those who only ask need not wait for

    asked = wanted()
    if lends():
        return torch.device("cpu")  # the card comes later, and to another process (separation/lent.py)
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if asked == "auto":
        return torch.device(next(name for name, found in there.items() if found))
    if not there[asked]:
        raise ValueError(
            f"torch finds no {asked} device here: use --device auto or cpu, or install torch's build for it"
        )
    return torch.device(asked)
