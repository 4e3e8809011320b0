"""What every form of the objective is made of: the sources' powers, their poolings and gradients.

One STFT serves all terms: the transform is linear, so the spectrum of the explained mixture
m_hat = sum of the sources is the sum of their spectra. It is kept as one more row after the
sources: index -1 of the rows axis (K + 1 rows, written "rows") is m_hat.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from bssdemo.audio.stft import Stft, squared, transform

STFT = Stft(frame=256, hop=128)  # section 3.2: 127 frames x 129 bins of 16,384 samples
LEVELS = 3  # L of equations 2-4
EPS = 1e-12  # added to sums of squares before a root or a division


def row_powers(sources: Float[Tensor, "B K samples"]) -> Float[Tensor, "B rows frames bins"]:
    """|STFT|^2 of the K sources and, last, of their sum."""
    each = transform(sources, STFT)
    return squared(torch.cat([each, each.sum(1, keepdim=True)], 1))


def pyramid(x: Float[Tensor, "B rows frames bins"]) -> list[Float[Tensor, "B rows _ _"]]:
    """`x` and its 2x2 average poolings, LEVELS in all; odd ends are averaged over what is there."""
    levels = [x]
    for _ in range(LEVELS - 1):
        levels.append(F.avg_pool2d(levels[-1], 2, 2, ceil_mode=True))
    return levels


def gradient(x: Float[Tensor, "B rows frames bins"]) -> Float[Tensor, "B rows places"]:
    """grad x: differences along time, then along frequency, laid end to end."""
    along_time = x[..., 1:, :] - x[..., :-1, :]
    along_frequency = x[..., 1:] - x[..., :-1]
    return torch.cat([along_time.flatten(2), along_frequency.flatten(2)], -1)


def steep_squares(
    x: Float[Tensor, "B rows frames bins"], steepness: Float[Tensor, "B 1 1 1"]
) -> Float[Tensor, "B rows places"]:
    """tanh(steepness grad x)^2; `steepness` gets no gradient."""
    squares: Tensor = _SteepSquares.apply(x, steepness)
    return squares


class _SteepSquares(torch.autograd.Function):
    """As `torch.tanh(gradient(x * steepness)).square()`, in a third of the passes over memory.

    tanh(g) = 2 sigmoid(2 g) - 1: torch's sigmoid is several times as fast as its tanh.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, steepness: Tensor) -> Tensor:
        twice = x * (2 * steepness)
        tanh = gradient(twice).sigmoid_().mul_(2).sub_(1)
        ctx.save_for_backward(tanh, steepness)
        ctx.shape = x.shape
        return tanh.square()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        tanh, steepness = ctx.saved_tensors
        frames, bins = ctx.shape[-2:]
        slope = tanh.square().neg_().add_(1).mul_(tanh).mul_(slope).mul_(2 * steepness[..., 0])
        split = time_places(frames, bins)
        along_time = slope[..., :split].unflatten(-1, (frames - 1, bins))
        along_frequency = slope[..., split:].unflatten(-1, (frames, bins - 1))
        back = slope.new_zeros(ctx.shape)
        back[..., 1:, :] += along_time
        back[..., :-1, :] -= along_time
        back[..., 1:] += along_frequency
        back[..., :-1] -= along_frequency
        return back, None


def midpoints(x: Float[Tensor, "B rows frames bins"]) -> Float[Tensor, "B rows places"]:
    """The mean of the two bins behind every place of `gradient`, in the same order."""
    along_time = (x[..., 1:, :] + x[..., :-1, :]) / 2
    along_frequency = (x[..., 1:] + x[..., :-1]) / 2
    return torch.cat([along_time.flatten(2), along_frequency.flatten(2)], -1)


def products(x: Float[Tensor, "B rows places"]) -> Float[Tensor, "B rows rows"]:
    """The inner products of all rows with each other."""
    inner: Tensor = _Products.apply(x)
    return inner


class _Products(torch.autograd.Function):
    """x x^T, whose gradient (S + S^T) x needs one product of that size where torch takes two, one of them slow."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x @ x.mT

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return (slope + slope.mT) @ x


def time_places(frames: int, bins: int) -> int:
    """How many of the places of `gradient` are differences along time."""
    return (frames - 1) * bins


def pairs(count: int) -> tuple[list[int], list[int]]:
    """All i < j below `count`, as two index lists."""
    both = [(i, j) for i in range(count) for j in range(i + 1, count)]
    return [i for i, _ in both], [j for _, j in both]
