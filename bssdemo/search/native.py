"""Masks found on 16 kHz mono, applied to the recording as it is: every channel, at its own sample rate.

The recording's transform has frames and hops of (nearly) the same seconds, and the masks are
interpolated linearly in time and frequency where its frames and bins fall between theirs. Above what
the search has heard (TOP) a frame's masks are the mean of those in the band below it, BAND to TOP (docs/method.md
says what else was tried). Interpolation and means keep the sum over the parts at one, so at
every rate the parts still add up to the recording.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from bssdemo.audio import SAMPLE_RATE
from bssdemo.search.refine import apply
from bssdemo.stft import Stft

TOP = 7_000  # Hz; resampling to 16 kHz fades out above it
BAND = 4_000  # Hz


def apply_to_channels(
    masks: Float[Tensor, "parts frames bins"],
    stft: Stft,
    channels: Float[Tensor, "channels samples"],
    sample_rate: int,
) -> Float[Tensor, "parts channels samples"]:
    """Every channel seen through every mask; the parts add up to the channels.

    `masks`: those of the transform `stft` of the same recording at 16 kHz, as `refine.masks` gives them.
    """
    if sample_rate == SAMPLE_RATE:
        native, fitted = stft, masks
    else:
        native = scaled(stft, sample_rate)
        fitted = _fit(masks, stft, native, channels.shape[-1], sample_rate)
    return torch.stack([apply(fitted, channel, native) for channel in channels], 1)


def scaled(stft: Stft, sample_rate: int) -> Stft:
    """The centred transform at another rate whose frames last as long as `stft`'s at 16 kHz."""
    ratio = sample_rate / SAMPLE_RATE
    return Stft(2 * round(stft.frame * ratio / 2), round(stft.hop * ratio), center=True)


def _fit(
    masks: Float[Tensor, "parts frames bins"], stft: Stft, native: Stft, samples: int, sample_rate: int
) -> Float[Tensor, "parts native_frames native_bins"]:
    ratio = SAMPLE_RATE / sample_rate
    frames = -(-max(samples, native.frame) // native.hop) + 1
    at_frames = torch.arange(frames) * (native.hop * ratio / stft.hop)
    at_bins = torch.arange(native.bins) * (stft.frame / native.frame / ratio)
    fitted = _between(_between(masks, at_frames, 1), at_bins, 2)
    hertz = torch.arange(native.bins) * (sample_rate / native.frame)
    above, band = hertz > TOP, (hertz > BAND) & (hertz <= TOP)
    if above.any():
        fitted[..., above] = fitted[..., band].mean(-1, keepdim=True)
    return fitted


def _between(
    x: Float[Tensor, "parts frames bins"], at: Float[Tensor, " places"], axis: int
) -> Float[Tensor, "parts _ _"]:
    """Linear interpolation along an axis; beyond its ends the end values."""
    at = at.clamp(0, x.shape[axis] - 1)
    low: Int[Tensor, " places"] = at.floor().long()
    high = (low + 1).clamp(max=x.shape[axis] - 1)
    part = (at - low).to(x).unsqueeze(-1) if axis == 1 else (at - low).to(x)
    return torch.lerp(x.index_select(axis, low), x.index_select(axis, high), part)
