"""A long recording as overlapping windows of one length, and back without seams.

Windows begin where sounds begin: a prior's clips do so too, and a word that starts in the middle of
a window is hard to say for a generator which has only heard words from their first sound on. Of all
placements that cover the recording, the one with the highest

    sum over windows of (onset strength at its start - COST)

is found by dynamic programming. In joining, each window takes over from the one before as sin^2 over
the first `fade` samples: the weights of every sample add up to one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio import onsets
from bssdemo.audio.format import LEAD_IN

HOP = onsets.STFT.hop  # samples between the places where a window may begin
COST = 2.0  # of a window, in mean onset strengths: a search takes time
LONGEST, SHORTEST = 0.875, 0.5  # from one start to the next, as parts of the window


@dataclass(frozen=True)
class Layout:
    """Where windows of `length` samples begin in a recording of `samples` samples."""

    samples: int
    length: int
    fade: int  # samples in which a window takes over
    starts: tuple[int, ...]


def lay_out(mono: Float[Tensor, " samples"], length: int) -> Layout:
    """Windows that begin at the onsets of a 16 kHz recording; a recording of up to one window is one.

    From one start to the next it is at least half a window (except from the first) and at most seven
    eighths of one. The last window may reach beyond the end.
    """
    samples = len(mono)
    if samples < 1:
        raise ValueError("there are no samples to cut into windows")
    fade = min(LEAD_IN, length // 8)  # over before the onset
    if samples <= length:
        return Layout(samples, length, fade, (0,))
    lead = math.ceil(LEAD_IN / HOP)
    gain = F.pad(onsets.strength(mono), (0, lead))[lead:].numpy() - COST
    places = _best_places(
        gain,
        first=-(-(samples - length) // HOP),
        shortest=math.ceil(SHORTEST * length / HOP),
        longest=max(1, math.floor(LONGEST * length / HOP)),
    )
    return Layout(samples, length, fade, tuple(HOP * place for place in places))


def _best_places(gain: np.ndarray, first: int, shortest: int, longest: int) -> list[int]:
    """From 0 to a last place at or after `first`, in allowed steps, with the highest sum of gains."""
    best, before = np.full(len(gain), -np.inf), np.zeros(len(gain), np.int64)
    best[0] = 0.0
    for place in range(1, len(gain)):
        earliest = max(0, place - longest)
        reach = best[earliest : max(earliest, place - shortest + 1)]
        step, value = (int(reach.argmax()) + earliest, reach.max()) if len(reach) else (0, -np.inf)
        if earliest == 0 and best[0] >= value:  # the first window may be left at any onset
            step, value = 0, best[0]
        best[place], before[place] = value + gain[place], step
    places = [first + int(best[first:].argmax())]
    while places[-1] > 0:
        places.append(int(before[places[-1]]))
    return places[::-1]


def cut(signal: Float[Tensor, "*batch samples"], layout: Layout) -> Float[Tensor, "*batch windows length"]:
    """The windows of a signal; what lies beyond its end is zero."""
    filled = F.pad(signal, (0, layout.starts[-1] + layout.length - layout.samples))
    return torch.stack([filled[..., start : start + layout.length] for start in layout.starts], -2)


def join(pieces: Float[Tensor, "*batch windows length"], layout: Layout) -> Float[Tensor, "*batch samples"]:
    """The signal whose windows these are, each taking over from the one before it; inverse of `cut`."""
    rise = torch.sin(math.pi / 2 * (torch.arange(layout.fade) + 0.5) / layout.fade).square()
    weight = F.pad(rise, (0, layout.length - layout.fade), value=1.0).to(pieces)
    joined = pieces.new_zeros(*pieces.shape[:-2], layout.starts[-1] + layout.length)
    joined[..., : layout.length] = pieces[..., 0, :]
    for number, start in enumerate(layout.starts[1:], start=1):
        here = joined[..., start : start + layout.length]
        here.copy_(torch.lerp(here, pieces[..., number, :], weight))
    return joined[..., : layout.samples]
