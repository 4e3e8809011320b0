"""float32 or bf16: what networks compute in on this processor.

Priors that are loaded for a search compute in what the environment variable BSSDEMO_PRECISION says: `float32`,
the reference; `bf16`; or `auto`, the default, which is bf16 where it pays. Decided once per process.
"""

from __future__ import annotations

import os
import time
from functools import cache

import torch
import torch.nn.functional as F

from bssdemo.machine import device

VARIABLE = "BSSDEMO_PRECISION"
TURNS = 5  # the least of so many times counts: another program's bursts must not decide


def _seconds(dtype: torch.dtype) -> float:
    x, weight = torch.ones(8, 256, 64, dtype=dtype), torch.ones(512, 256, 7, dtype=dtype)
    began = time.perf_counter()
    F.conv1d(x, weight, padding=3)
    return time.perf_counter() - began


@cache
def bf16_pays() -> bool:
    """True where bf16 convolutions take at most two thirds of float32's time (or on a GPU that has bf16)."""
    where = device.chosen().type
    if where != "cpu":
        return where == "cuda" and torch.cuda.is_bf16_supported()
    turns = [(_seconds(torch.bfloat16), _seconds(torch.float32)) for _ in range(TURNS)]
    bf16, float32 = (min(times) for times in zip(*turns, strict=True))
    return bf16 < float32 / 1.5


@cache
def for_search() -> torch.dtype:
    """What a prior's convolutions compute in. Raises ValueError for a BSSDEMO_PRECISION that is none of the three."""
    asked = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    if asked not in ("auto", "float32", "bf16"):
        raise ValueError(f"{VARIABLE} must be auto, float32 or bf16, got {asked!r}")
    return torch.bfloat16 if asked == "bf16" or (asked == "auto" and bf16_pays()) else torch.float32


def name(dtype: torch.dtype) -> str:
    """As BSSDEMO_PRECISION spells it."""
    return "bf16" if dtype == torch.bfloat16 else "float32"


def agree(asked: str) -> None:
    """Compute in what the process computes in that asked for the work: or answers would differ with who gives them.

    Raises ValueError with a sentence where this process has begun in another.
    """
    os.environ[VARIABLE] = asked
    if (mine := name(for_search())) != asked:
        raise ValueError(
            f"a worker computes in {mine}, the run in {asked}: start the workers anew with {VARIABLE}={asked}"
        )
