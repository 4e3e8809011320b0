"""Mixtures of which it is known what is in them: what a tagger learns from, and what it is held against.

A kind counts as there from a hundredth of the mixture's energy on (-20 dB). Between that and -40 dB it is not asked
for: nobody could say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from bssdemo.audio.format import SAMPLES
from bssdemo.data.kinds import Kind, Variety

THERE, SILENT = 1e-2, 1e-4  # of the mixture's energy
COUNTS = (0.04, 0.2, 0.4, 0.27, 0.09)  # probabilities of 0 to 4 kinds
GAIN_DB = 5.0  # standard deviation of each source's gain, at most 12
NOISE = 0.2  # probability of noise, 10 to 30 dB below
VARIETY = Variety(speed=0.1, tilt_db=5.0)


@dataclass(frozen=True)
class Drawn:
    """Mixtures, which kinds are there, and which can be asked for."""

    mix: Float[Tensor, "B samples"]
    there: Float[Tensor, "B kinds"]
    asked: Bool[Tensor, "B kinds"]


def pool(kinds: Mapping[str, Kind], count: int, variety: Variety, rng: np.random.Generator) -> np.ndarray:
    """float32 (kinds, count, 16384): clips to mix."""
    return np.stack([kind.draw(count, variety, rng) for kind in kinds.values()])


def mixtures(
    clips: np.ndarray,
    count: int,
    rng: np.random.Generator,
    counts: Sequence[float] = COUNTS,
    gain_db: float = GAIN_DB,
    noise: float = NOISE,
) -> Drawn:
    """`count` mixtures of the clips (kinds, many, 16384)."""
    kinds, many, _ = clips.shape
    mix, energy = np.zeros((count, SAMPLES), np.float32), np.zeros((count, kinds))
    for row in range(count):
        sources = min(int(rng.choice(len(counts), p=counts)), kinds)
        for kind in rng.choice(kinds, sources, replace=False):
            gain = 10 ** (np.clip(rng.normal(0, gain_db), -12, 12) / 20)
            source = np.float32(gain) * clips[kind, rng.integers(many)]
            mix[row] += source
            energy[row, kind] = np.square(source).sum()
        if not sources or rng.random() < noise:
            mix[row] += _noise(rng) * np.float32(10 ** (-rng.uniform(10, 30) / 20))
    part = torch.from_numpy(energy / (np.square(mix).sum(1, keepdims=True) + 1e-9))
    return Drawn(torch.from_numpy(mix), (part > THERE).float(), (part > THERE) | (part < SILENT))


def _noise(rng: np.random.Generator) -> np.ndarray:
    """White to brown, its peak one."""
    spectrum = np.fft.rfft(rng.standard_normal(SAMPLES))
    falling = np.maximum(np.arange(len(spectrum)), 3.0) ** -rng.uniform(0, 1.2)
    noise = np.fft.irfft(spectrum * falling)
    return (noise / np.abs(noise).max()).astype(np.float32)
