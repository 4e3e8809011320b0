"""Spectrograms for the eye: mel-spaced, in decibels below one common reference.

The reference is the mixture's loudest cell, shared by every picture of a run, so that a quiet
source looks quiet. 1,024-sample frames at hop 128 give 96 mel bands x 128 columns of 8 ms.
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

ROWS, COLUMNS = 96, 128
LOW_HERTZ, HIGH_HERTZ = 40.0, 8000.0
KILOHERTZ = (0.5, 1.0, 2.0, 4.0, 8.0)  # labelled on the vertical axis
RANGE_DECIBELS = 66.0  # what the colours span; below it everything is the darkest colour
SAMPLE_RATE = 16_000
STFT = Stft(frame=1024, hop=128, center=True)
EPS = 1e-10  # added to powers before the logarithm


@lru_cache(maxsize=1)
def _mel() -> Tensor:
    bands = librosa.filters.mel(
        sr=SAMPLE_RATE, n_fft=STFT.frame, n_mels=ROWS, fmin=LOW_HERTZ, fmax=HIGH_HERTZ
    )
    return torch.from_numpy(bands)


def decibels(x: Float[Tensor, "*batch samples"]) -> Float[Tensor, "*batch rows columns"]:
    """Mel power in dB (no reference), rows from low to high frequency."""
    bands = power(x.float(), STFT)[..., :COLUMNS, :] @ _mel().T
    return 10 * torch.log10(bands + EPS).transpose(-1, -2)


def levels(x: Float[Tensor, "*batch samples"], reference: float) -> UInt8[np.ndarray, "*batch rows columns"]:
    """Levels 0..63: 63 at `reference` dB and above, 0 at RANGE_DECIBELS below it."""
    scaled = 1 + (decibels(x) - reference) / RANGE_DECIBELS
    return (scaled.clamp(0, 1) * (LEVELS - 1)).round().to(torch.uint8).numpy()


def reference(mix: Float[Tensor, " samples"]) -> float:
    """The mixture's loudest cell in dB: the top of the colour scale."""
    return float(decibels(mix).max())


def kilohertz_ticks() -> list[tuple[str, float]]:
    """(label, position on the vertical axis from 0 at the bottom to 1 at the top), from the mel scale."""
    low, high = (librosa.hz_to_mel(edge) for edge in (LOW_HERTZ, HIGH_HERTZ))
    return [(f"{k:g}", float((librosa.hz_to_mel(1000 * k) - low) / (high - low))) for k in KILOHERTZ]
