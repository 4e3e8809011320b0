"""Sounds as a mask network of pictures sees them, and back: magnitudes of a spectrogram in bands.

A window of 1.024 s becomes |STFT| of frame 1024 and hop 512, summed over the bins of each of 32 bands: 32 frames
x 32 bands. Bands are as wide as on the mel scale, but never narrower than one bin, and share no bin, so a mask over
bands is a mask over bins. The inverse takes the mixture's phase:

    stem_1 = STFT^-1(M X),   stem_2 = mix - stem_1.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from bssdemo.audio.format import SAMPLE_RATE, SAMPLES
from bssdemo.audio.stft import Stft, inverse, transform

STFT = Stft(frame=1024, hop=512, center=True)
FRAMES, BANDS = SAMPLES // STFT.hop, 32
MEL_BREAK = 700.0  # Hz; below it mel is nearly linear in frequency, above it logarithmic
NYQUIST = SAMPLE_RATE / 2


@lru_cache(maxsize=1)
def band_of_bin() -> Int64[Tensor, " bins"]:
    """The band that each bin belongs to, from 0 to BANDS - 1."""
    mel = torch.linspace(0, 1, BANDS + 1, dtype=torch.float64)
    edges = (MEL_BREAK * ((1 + NYQUIST / MEL_BREAK) ** mel - 1) / NYQUIST * STFT.bins).round().long()
    steps = torch.arange(BANDS + 1)
    edges = (edges - steps).cummax(0).values + steps  # every band has a bin
    return torch.searchsorted(edges[1:-1], torch.arange(STFT.bins), right=True)


def magnitudes(x: Float[Tensor, "*batch samples"]) -> Float[Tensor, "*batch 1 frames bands"]:
    """Magnitudes of windows of SAMPLES samples in bands; the last, half empty frame of the transform is left out."""
    magnitude = transform(x, STFT)[..., :FRAMES, :].abs()
    bands = magnitude.new_zeros(*magnitude.shape[:-1], BANDS)
    return bands.index_add_(-1, band_of_bin(), magnitude)[..., None, :, :]


def apply(
    mask: Float[Tensor, "*batch 1 frames bands"], x: Float[Tensor, "*batch samples"]
) -> Float[Tensor, "*batch 2 samples"]:
    """The two stems of a window, with the mixture's phase; their sum is `x`."""
    whole = torch.cat([mask, mask[..., -1:, :]], -2)[..., 0, :, band_of_bin()]
    first = inverse(transform(x, STFT) * whole, STFT, x.shape[-1])
    return torch.stack([first, x - first], -2)
