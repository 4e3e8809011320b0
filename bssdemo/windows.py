"""A long recording as overlapping windows of one length, and back without seams.

The windows are spread evenly from the first sample to the last, overlapping by at least the part
asked for, so none is filled up with silence (unless the recording is shorter than one). Joining
is a weighted mean: w_i rises and falls as sin^2 over that overlap, and

    y[n] = sum_i w_i[n] x_i[n] / sum_i w_i[n]

gives back exactly what the windows were cut from, whatever the spacing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Layout:
    """Where windows of `length` samples begin in a recording of `samples` samples."""

    samples: int
    length: int
    fade: int  # samples over which a window rises and falls
    starts: tuple[int, ...]


def lay_out(samples: int, length: int, overlap: float) -> Layout:
    """As few evenly spread windows as cover the recording, neighbours sharing at least `overlap` of a window.

    `overlap` is a part of the window, from 0 to below 1.
    """
    if samples < 1:
        raise ValueError("there are no samples to cut into windows")
    if not 0 <= overlap < 1:
        raise ValueError(f"overlap must be at least 0 and below 1, got {overlap}")
    spare = max(0, samples - length)
    fade = round(length * overlap)
    gaps = math.ceil(spare / (length - fade))
    starts = tuple(round(gap * spare / gaps) for gap in range(gaps + 1)) if gaps else (0,)
    return Layout(samples, length, fade, starts)


def cut(signal: Float[Tensor, "*batch samples"], layout: Layout) -> Float[Tensor, "*batch windows length"]:
    """The windows of a signal; a signal shorter than a window is followed by zeros."""
    filled = F.pad(signal, (0, max(0, layout.length - layout.samples)))
    return torch.stack([filled[..., start : start + layout.length] for start in layout.starts], -2)


def join(pieces: Float[Tensor, "*batch windows length"], layout: Layout) -> Float[Tensor, "*batch samples"]:
    """The signal whose windows these are, faded into each other where they overlap; inverse of `cut`."""
    rise = torch.sin(math.pi / 2 * (torch.arange(layout.fade) + 0.5) / max(layout.fade, 1)).square()
    flat = torch.ones(layout.length)
    flat[: layout.fade] *= rise
    flat[layout.length - layout.fade :] *= rise.flip(0)
    weight = flat.to(pieces)
    total = max(layout.samples, layout.length)
    joined, weights = pieces.new_zeros(*pieces.shape[:-2], total), pieces.new_zeros(total)
    for number, start in enumerate(layout.starts):
        joined[..., start : start + layout.length] += weight * pieces[..., number, :]
        weights[start : start + layout.length] += weight
    return (joined / weights)[..., : layout.samples]
