"""Sounds as pictures that a mask network can unmix, and back: magnitudes of a spectrogram in bands.

A window of 1.024 s becomes |STFT| of frame 1024 and hop 512, summed over the bins of each of 32 bands: 32 frames
x 32 bands. Bands are as wide as on the mel scale, but never narrower than one bin, and share no bin, so a mask over
bands is a mask over bins. The inverse takes the mixture's phase:

    stem_1 = STFT^-1(M X),   stem_2 = mix - stem_1.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import lru_cache

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from bssdemo import windows
from bssdemo.snapshot import Snapshot
from bssdemo.stft import Stft, inverse, transform
from bssdemo.unmix.cycle import Mask, unmix_all

STFT = Stft(frame=1024, hop=512, center=True)
LENGTH = 16_384  # samples of a window
FRAMES, BANDS = LENGTH // STFT.hop, 32
MEL_BREAK = 700.0  # Hz; below it mel is nearly linear in frequency, above it logarithmic
NYQUIST = 8_000.0  # Hz


@lru_cache(maxsize=1)
def band_of_bin() -> Int64[Tensor, " bins"]:
    """The band that each bin belongs to, from 0 to BANDS - 1."""
    mel = torch.linspace(0, 1, BANDS + 1, dtype=torch.float64)
    edges = (MEL_BREAK * ((1 + NYQUIST / MEL_BREAK) ** mel - 1) / NYQUIST * STFT.bins).round().long()
    steps = torch.arange(BANDS + 1)
    edges = (edges - steps).cummax(0).values + steps  # every band has a bin
    return torch.searchsorted(edges[1:-1], torch.arange(STFT.bins), right=True)


def picture(x: Float[Tensor, "*batch samples"]) -> Float[Tensor, "*batch 1 frames bands"]:
    """Magnitudes of windows of LENGTH samples in bands; the last, half empty frame of the transform is left out."""
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


@torch.no_grad()
def separate(mix: Float[Tensor, "B samples"], network: Mask) -> Iterator[Snapshot]:
    """The two sources of recordings of any length, window by window; one snapshot. The stems add up to `mix`.

    `mix` is a sum of two sounds of peak 1 (16 kHz), the level that the network was trained at.
    """
    began = time.perf_counter()
    layouts = [windows.lay_out(one, LENGTH) for one in mix]
    cut = [windows.cut(one, layout) for one, layout in zip(mix, layouts, strict=True)]
    pieces = torch.cat(cut)
    stems = apply(unmix_all(picture(pieces), network).mask, pieces).split([len(one) for one in cut])
    joined = [windows.join(s.transpose(0, 1), layout) for s, layout in zip(stems, layouts, strict=True)]
    elapsed = time.perf_counter() - began
    yield Snapshot(1, 1, {}, mix.new_zeros(len(mix)), torch.stack(joined), elapsed, done=True)
