"""Spectrograms for the eye: mel-spaced, in decibels below one common reference.

The reference is the mixture's loudest cell, shared by every picture of a run, so that a quiet
source looks quiet. Whatever a recording lasts, its picture has 80 mel bands x 128 columns: frames of 1,024
samples, 128 of them at 8 ms for one window; a longer recording has several, overlapping, in a column,
which shows their mean power.
"""

from __future__ import annotations

from functools import lru_cache

import librosa
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from bssdemo.stft import Stft, power
from bssdemo.ui.frame import LEVELS

ROWS, COLUMNS = 80, 128
LOW_HERTZ, HIGH_HERTZ = 40.0, 8000.0
KILOHERTZ = (0.5, 1.0, 2.0, 4.0, 8.0)  # labelled on the vertical axis
RANGE_DECIBELS = 66.0  # what the colours span; below it everything is the darkest colour
SAMPLE_RATE = 16_000
FRAME = 1024
WIDEST_HOP = 512  # samples; beyond half a frame, sounds would fall between frames
EPS = 1e-18  # added to powers before the logarithm: far below the quietest recording


@lru_cache(maxsize=1)
def _mel() -> Tensor:
    bands = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FRAME, n_mels=ROWS, fmin=LOW_HERTZ, fmax=HIGH_HERTZ)
    return torch.from_numpy(bands)


def decibels(x: Float[Tensor, "*batch samples"]) -> Float[Tensor, "*batch rows columns"]:
    """Mel power in dB (no reference) of all of `x`, from 800 samples on; rows from low to high frequency."""
    samples = x.shape[-1]
    pooled = -(-samples // (COLUMNS * WIDEST_HOP))  # frames of a column
    stft = Stft(FRAME, samples // (COLUMNS * pooled), center=True)
    frames = power(x.float(), stft)[..., : COLUMNS * pooled, :]
    columns = frames.unflatten(-2, (COLUMNS, pooled)).mean(-2)
    return 10 * torch.log10(columns @ _mel().T + EPS).transpose(-1, -2)


def levels(x: Float[Tensor, "*batch samples"], reference: float) -> UInt8[np.ndarray, "*batch rows columns"]:
    """Levels 0..63: 63 at `reference` dB and above, 0 at RANGE_DECIBELS below it."""
    scaled = 1 + (decibels(x) - reference) / RANGE_DECIBELS
    return (scaled.clamp(0, 1) * (LEVELS - 1)).round().to(torch.uint8).numpy()


def reference(mix: Float[Tensor, " samples"]) -> float:
    """The mixture's loudest cell in dB: the top of the colour scale."""
    return float(decibels(mix).max())


def with_sum(
    stems: Float[Tensor, "K samples"], reference: float
) -> UInt8[np.ndarray, "K_plus_1 rows columns"]:
    """Levels of the stems' sum, then of each stem."""
    return levels(torch.cat([stems.sum(0, keepdim=True), stems]), reference)


def kilohertz_ticks() -> list[tuple[str, float]]:
    """(label, position on the vertical axis from 0 at the bottom to 1 at the top), from the mel scale."""
    low, high = (librosa.hz_to_mel(edge) for edge in (LOW_HERTZ, HIGH_HERTZ))
    return [(f"{k:g}", float((librosa.hz_to_mel(1000 * k) - low) / (high - low))) for k in KILOHERTZ]
