"""What lies below hearing: a constant offset, a drift, rumble below 20 Hz. It goes to the residual, never to a stem.

Of one channel it is found at about 800 Hz, by a Butterworth low-pass run forwards and backwards (no delay), and is
a straight line between two of those samples. So a recording minus its rumble can be had piece by piece, and both
add up to the recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.signal import butter, resample_poly, sosfiltfilt
from torch import Tensor

from bssdemo.machine import memory

LOWEST = 20.0  # Hz that can be heard
RATE = 800  # Hz, about: 40 times LOWEST
ORDER = 4
CONTINUED, FITTED = 160, 80  # samples of RATE (0.2 s, 0.1 s) beyond the ends, and for the line at them
SHORTEST = 20  # samples of RATE (25 ms): less has no rumble but an offset
BLOCK = 1 << 20  # samples at a time
REACH = 10  # steps to either side, of scipy's filter


@dataclass(frozen=True, eq=False)
class Rumble:
    """One channel's sound below 20 Hz: a value every `step` samples."""

    values: np.ndarray
    step: int

    def at(self, places: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """At these samples of the channel, from 0."""
        known = np.arange(len(self.values)) * float(self.step)
        return torch.from_numpy(np.interp(places.numpy(), known, self.values).astype(np.float32))


def find(channel: Float[Tensor, " samples"], sample_rate: int) -> Rumble:
    """What a channel holds below 20 Hz."""
    step = max(1, sample_rate // RATE)
    slow = _slowed(channel, step).astype(np.float64)
    if len(slow) < SHORTEST:
        return Rumble(np.full(len(slow), slow.mean()), step)
    low_pass = butter(ORDER, LOWEST, fs=sample_rate / step, output="sos")
    more = min(len(slow) - 1, CONTINUED)
    before, after = _continued(slow, more), _continued(slow[::-1], more)[::-1]
    return Rumble(sosfiltfilt(low_pass, np.concatenate([before, slow, after]))[more : more + len(slow)], step)


def _slowed(channel: Float[Tensor, " samples"], step: int) -> np.ndarray:
    """Every `step`-th sample of what lies below them, block by block: each with what the filter reaches around it."""
    length, around = max(1, BLOCK // step) * step, (REACH + 1) * step
    slow = []
    for start in range(0, len(channel), length):
        first, end = max(0, start - around), min(start + length, len(channel))
        block = np.ascontiguousarray(channel[first : end + around].numpy())
        found = resample_poly(block, 1, step, padtype="symmetric")
        slow.append(found[(start - first) // step :][: -(-(end - start) // step)])
        memory.rest(channel)
    return np.concatenate(slow)


def _continued(slow: np.ndarray, more: int) -> np.ndarray:
    """So many values before the first: its beginning turned about where a line through that begins.

    A reflection alone would bend a drift; turned about the first value itself, a loud tone would become an offset.
    """
    first = slow[:FITTED]
    line = np.polynomial.Polynomial.fit(np.arange(len(first)), first, 1, w=np.hanning(len(first) + 2)[1:-1])
    return 2 * line(0.0) - slow[more:0:-1]


def without(channel: Float[Tensor, " samples"], sample_rate: int) -> Iterator[Float[Tensor, " block"]]:
    """A channel without what lies below 20 Hz, block by block."""
    rumble = find(channel, sample_rate)
    for start in range(0, len(channel), BLOCK):
        end = min(start + BLOCK, len(channel))
        yield channel[start:end] - rumble.at(torch.arange(start, end, dtype=torch.float64))
        memory.rest(channel)
