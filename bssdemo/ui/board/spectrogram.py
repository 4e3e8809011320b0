"""Spectrograms as the board draws them: mel.decibels in 64 levels below the mixture's loudest cell."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from bssdemo.audio.mel import RANGE_DECIBELS, decibels
from bssdemo.ui.board.frame import LEVELS


def levels(x: Float[Tensor, "*batch samples"], reference: float) -> UInt8[np.ndarray, "*batch rows columns"]:
    """Levels 0..63: 63 at `reference` dB and above, 0 at RANGE_DECIBELS below it."""
    scaled = 1 + (decibels(x) - reference) / RANGE_DECIBELS
    return (scaled.clamp(0, 1) * (LEVELS - 1)).round().to(torch.uint8).numpy()


def with_sum(
    stems: Float[Tensor, "K samples"], reference: float
) -> UInt8[np.ndarray, "K_plus_1 rows columns"]:
    """Levels of the stems' sum, then of each stem."""
    return levels(torch.cat([stems.sum(0, keepdim=True), stems]), reference)
