"""Masks found on 16 kHz mono, applied to the recording as it is: every channel, at its own sample rate.

The recording's transform has frames and hops of (nearly) the same seconds, and the masks are
interpolated linearly in time and frequency where its frames and bins fall between theirs. Above what
the search has heard (TOP) a frame's masks are the mean of those in the band below it, BAND to TOP (docs/log.md
says what else was tried). Interpolation and means keep the sum over the parts at one, so at
every rate the parts still add up to the recording. What no mask is for, rumble and a subwoofer's channel,
goes to the last part, the residual.

It is done block by block: a long recording at a high rate, times its parts, is more than a machine's memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from bssdemo.audio import SAMPLE_RATE, peak_of
from bssdemo.audio.rumble import Rumble
from bssdemo.audio.stft import Stft, inverse, transform
from bssdemo.machine import memory

TOP = 7_000  # Hz; resampling to 16 kHz fades out above it
BAND = 4_000  # Hz
BLOCK = 1 << 23  # values of all parts and channels at a time, 32 MB ...
FAST, BLOCK_OF_FAST = 48_000, 1 << 21  # ... and above this rate, where a frame is long
KEPT = 1 << 23  # values of all parts and channels that are kept; more are made again whenever they are needed


@dataclass(frozen=True, eq=False)
class Parts:
    """Every channel of a recording seen through every mask, not yet computed; they add up to the channels.

    `masks`: those of the transform `stft` of the same recording at 16 kHz, as `refine.masks` gives them, the
    residual's last. `rumble`: of every channel, or none. `unheard`: channels that are the residual's as they are.
    """

    masks: Float[Tensor, "parts frames bins"]
    stft: Stft
    samples: Float[Tensor, "channels samples"]
    sample_rate: int
    rumble: Sequence[Rumble] = ()
    unheard: Sequence[int] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Parts, channels and samples."""
        return (self.masks.shape[0], *self.samples.shape)

    def blocks(self) -> Iterator[Float[Tensor, "parts channels block"]]:
        """One after the other from the beginning to the end."""
        if self._few:
            yield self.whole
        else:
            yield from self._made()

    @cached_property
    def whole(self) -> Float[Tensor, "parts channels samples"]:
        """All of it: of a long recording at a high rate several GB."""
        return torch.cat(list(self._made()), -1)

    @cached_property
    def peak(self) -> float:
        """The largest magnitude of a sample in any part."""
        return max(peak_of(block) for block in self.blocks())

    @property
    def _few(self) -> bool:
        parts, channels, samples = self.shape
        return parts * channels * samples <= KEPT

    def _made(self) -> Iterator[Float[Tensor, "parts channels block"]]:
        parts, channels, samples = self.shape
        native = self.stft if self.sample_rate == SAMPLE_RATE else scaled(self.stft, self.sample_rate)
        most = BLOCK if self.sample_rate <= FAST else BLOCK_OF_FAST
        length = max(1, most // (parts * channels * native.hop)) * native.hop
        for start in range(0, samples, length):
            yield self._block(native, start, min(start + length, samples))
            memory.rest(self.samples)

    def _block(self, native: Stft, start: int, end: int) -> Float[Tensor, "parts channels block"]:
        """Made of all frames that reach into it, so that the blocks' seams are none."""
        half, hop = native.frame // 2, native.hop
        frames = -(-max(self.samples.shape[1], native.frame) // hop) + 1
        first, last = max(0, (start - half) // hop), min(frames, -(-(end + half) // hop) + 1)
        masks = self._masks_of(native, first, last)
        places = torch.arange(first * hop - half, (last - 1) * hop + half)
        total = (frames - 1) * hop
        places = places.abs()  # both ends are reflected, as `transform` does
        places = torch.where(places >= total, 2 * (total - 1) - places, places)
        inside, begin = slice(start - first * hop, end - first * hop), Stft(native.frame, hop)
        block = torch.zeros(len(self.masks), len(self.samples), end - start)
        for number, channel in enumerate(self.samples):
            here = channel[start:end]
            if number in self.unheard:
                block[-1, number] = here
                continue
            heard = _at(channel, places)
            if self.rumble:
                below = self.rumble[number].at(places.double())
                heard = heard - torch.where(places < len(channel), below, torch.zeros(()))
                block[-1, number] = self.rumble[number].at(torch.arange(start, end).double())
            spectrum = transform(heard, begin)
            for part, mask in enumerate(masks):
                block[part, number] += inverse(mask * spectrum, native, (last - first - 1) * hop)[inside]
        return block

    def _masks_of(self, native: Stft, first: int, last: int) -> Float[Tensor, "parts frames bins"]:
        if self.sample_rate == SAMPLE_RATE:
            return self.masks[:, first:last]
        return _fit(self.masks, self.stft, native, torch.arange(first, last), self.sample_rate)


def apply_to_channels(
    masks: Float[Tensor, "parts frames bins"],
    stft: Stft,
    channels: Float[Tensor, "channels samples"],
    sample_rate: int,
) -> Float[Tensor, "parts channels samples"]:
    """Every channel seen through every mask; the parts add up to the channels. All at once: for short recordings."""
    return Parts(masks, stft, channels, sample_rate).whole


def scaled(stft: Stft, sample_rate: int) -> Stft:
    """The centred transform at another rate whose frames last as long as `stft`'s at 16 kHz."""
    ratio = sample_rate / SAMPLE_RATE
    return Stft(2 * round(stft.frame * ratio / 2), round(stft.hop * ratio), center=True)


def _at(channel: Float[Tensor, " samples"], places: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Its samples at these places; zeros behind its end."""
    last = len(channel) - 1
    return torch.where(places <= last, channel[places.clamp(max=last)], torch.zeros(()))


def _fit(
    masks: Float[Tensor, "parts frames bins"],
    stft: Stft,
    native: Stft,
    frames: Int[Tensor, " native_frames"],
    sample_rate: int,
) -> Float[Tensor, "parts native_frames native_bins"]:
    """The masks of these frames of the native transform."""
    ratio = SAMPLE_RATE / sample_rate
    at_frames = frames * (native.hop * ratio / stft.hop)
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
