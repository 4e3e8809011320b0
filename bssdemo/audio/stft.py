"""Short-time Fourier transforms: one value object, and functions of it.

Axes are always (..., frames, bins). The losses of the 2020 paper use frame 256, hop 128, a periodic
Hann window and no padding: 16,384 samples give 127 frames of 129 bins (section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Complex, Float
from torch import Tensor
from torch.autograd.function import once_differentiable

EPS = 1e-8  # added to powers before a square root: keeps gradients finite on silence


@dataclass(frozen=True)
class Stft:
    """Frame length (= FFT size) and hop in samples; `center` pads by reflection as librosa does."""

    frame: int = 256
    hop: int = 128
    center: bool = False

    @property
    def bins(self) -> int:
        """Number of frequency bins, from 0 Hz to half the sample rate."""
        return self.frame // 2 + 1


@lru_cache(maxsize=32)
def _window(frame: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.hann_window(frame, periodic=True, dtype=dtype, device=device)


def transform(x: Float[Tensor, "*batch samples"], stft: Stft) -> Complex[Tensor, "*batch frames bins"]:
    """Complex spectrogram, not normalised (a sine of amplitude a peaks at a * frame / 4)."""
    flat = x.reshape(-1, x.shape[-1])
    if stft.center:
        flat = F.pad(flat, (stft.frame // 2, stft.frame // 2), mode="reflect")
    spectrum: Tensor = _Transform.apply(flat, stft)
    return spectrum.reshape(*x.shape[:-1], *spectrum.shape[1:])


class _Transform(torch.autograd.Function):
    """The transform without padding; its gradient is its transpose, by real transforms; torch takes complex ones."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, stft: Stft) -> Tensor:
        ctx.stft, ctx.samples = stft, x.shape[1]
        window = _window(stft.frame, x.dtype, x.device)
        return torch.fft.rfft(x.unfold(1, stft.frame, stft.hop) * window)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        stft: Stft = ctx.stft
        ends = (
            slope.clone()
        )  # irfft counts every bin but the first and the last twice: the window halves them
        ends[..., 0] *= 2
        ends[..., -1] *= 2
        frames = torch.fft.irfft(ends, stft.frame, norm="forward")
        frames *= _window(stft.frame, frames.dtype, frames.device) / 2
        return _overlap_add(frames, stft.hop, ctx.samples), None


def _overlap_add(
    frames: Float[Tensor, "B frames frame"], hop: int, samples: int
) -> Float[Tensor, "B samples"]:
    """Every frame added in its place, `hop` after the one before."""
    batch, count, length = frames.shape
    pieces = -(-length // hop)
    padded = F.pad(frames, (0, pieces * hop - length)).unflatten(2, (pieces, hop))
    total = frames.new_zeros(batch, max(count + pieces - 1, -(-samples // hop)), hop)
    for piece in range(pieces):
        total[:, piece : piece + count] += padded[:, :, piece]
    return total.flatten(1)[:, :samples]


def power(x: Float[Tensor, "*batch samples"], stft: Stft) -> Float[Tensor, "*batch frames bins"]:
    """Squared magnitude |STFT(x)|^2."""
    return squared(transform(x, stft))


def squared(spectrum: Complex[Tensor, "*batch frames bins"]) -> Float[Tensor, "*batch frames bins"]:
    """|S|^2, whose gradient is 2 S: torch's own, by the two parts as an axis, takes several times as long."""
    values: Tensor = _Squared.apply(spectrum)
    return values


class _Squared(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, spectrum: Tensor) -> Tensor:
        ctx.save_for_backward(spectrum)
        return spectrum.real.square() + spectrum.imag.square()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        (spectrum,) = ctx.saved_tensors
        return (2 * slope) * spectrum


def magnitude(x: Float[Tensor, "*batch samples"], stft: Stft) -> Float[Tensor, "*batch frames bins"]:
    """|STFT(x)|, with a finite gradient at silence (square root of power + EPS)."""
    return torch.sqrt(power(x, stft) + EPS)


def log_power(x: Float[Tensor, "*batch samples"], stft: Stft) -> Float[Tensor, "*batch frames bins"]:
    """log(1 + |STFT(x)|^2), the spectrogram of equations 2-4."""
    return torch.log1p(power(x, stft))


def inverse(
    spectrum: Complex[Tensor, "*batch frames bins"], stft: Stft, samples: int
) -> Float[Tensor, "*batch samples"]:
    """Least-squares inverse of `transform`; only a centred transform can be inverted at its ends."""
    if not stft.center:
        raise ValueError("inverse needs a centred Stft: Stft(frame, hop, center=True)")
    *batch, frames, bins = spectrum.shape
    audio = torch.istft(
        spectrum.reshape(-1, frames, bins).transpose(1, 2),
        stft.frame,
        stft.hop,
        window=_window(stft.frame, spectrum.real.dtype, spectrum.device),
        center=True,
        length=samples,
    )
    return audio.reshape(*batch, samples)
