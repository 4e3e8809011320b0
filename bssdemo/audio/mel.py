"""Spectrograms for the eye: mel-spaced, in decibels below the loudest cell of the mixture.

That cell is the reference of every picture of a run, so that a quiet source looks quiet. Whatever a recording
lasts, its picture has 80 mel bands x 128 columns: frames of 1,024 samples, 128 of them at 8 ms for one window; a
longer recording has several, overlapping, in a column, which shows their mean power. The mel scale is that of Slaney's
Auditory Toolbox, librosa's default.

librosa makes the filters. It is imported at their first use: it brings numba, a quarter of a second that neither the
command line nor the page's start should wait for. Its filters need nothing compiled; most else in it does, for seconds
in every process that cannot write numba's cache.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.format import SAMPLE_RATE
from bssdemo.audio.stft import Stft, power

ROWS, COLUMNS = 80, 128
LOW_HERTZ, HIGH_HERTZ = 40.0, 8000.0
KILOHERTZ = (0.5, 1.0, 2.0, 4.0, 8.0)  # labelled on the vertical axis
RANGE_DECIBELS = 66.0  # what the colours span; below it everything is the darkest colour
FRAME = 1024
WIDEST_HOP = 512  # samples; beyond half a frame, sounds would fall between frames
EPS = 1e-18  # added to powers before the logarithm: far below the quietest recording
LINEAR_BELOW = 1000.0  # Hz; 15 mel
HERTZ_PER_MEL = 200 / 3  # below that
STEP = math.log(6.4) / 27  # of the logarithm, per mel above it


def mel(hertz: float) -> float:
    """Hz -> mel."""
    if hertz < LINEAR_BELOW:
        return hertz / HERTZ_PER_MEL
    return LINEAR_BELOW / HERTZ_PER_MEL + math.log(hertz / LINEAR_BELOW) / STEP


@lru_cache(maxsize=8)
def filters(
    sample_rate: int, frame: int, bands: int, low: float = 0.0, high: float | None = None
) -> Float[Tensor, "bands bins"]:
    """Triangles of equal area over the bins of a transform, from `low` to `high` Hz (None: half the sample rate)."""
    import librosa

    return torch.from_numpy(
        librosa.filters.mel(sr=sample_rate, n_fft=frame, n_mels=bands, fmin=low, fmax=high)
    )


def decibels(x: Float[Tensor, "*batch samples"]) -> Float[Tensor, "*batch rows columns"]:
    """Mel power in dB (no reference) of all of `x`, from 800 samples on; rows from low to high frequency."""
    samples = x.shape[-1]
    pooled = -(-samples // (COLUMNS * WIDEST_HOP))  # frames of a column
    stft = Stft(FRAME, samples // (COLUMNS * pooled), center=True)
    frames = power(x.float(), stft)[..., : COLUMNS * pooled, :]
    columns = frames.unflatten(-2, (COLUMNS, pooled)).mean(-2)
    bands = filters(SAMPLE_RATE, FRAME, ROWS, LOW_HERTZ, HIGH_HERTZ)
    return 10 * torch.log10(columns @ bands.T + EPS).transpose(-1, -2)


def reference(mix: Float[Tensor, " samples"]) -> float:
    """The mixture's loudest cell in dB: the top of the colour scale."""
    return float(decibels(mix).max())


def kilohertz_ticks() -> list[tuple[str, float]]:
    """(label, position on the vertical axis from 0 at the bottom to 1 at the top), from the mel scale."""
    low, high = mel(LOW_HERTZ), mel(HIGH_HERTZ)
    return [(f"{k:g}", (mel(1000 * k) - low) / (high - low)) for k in KILOHERTZ]
