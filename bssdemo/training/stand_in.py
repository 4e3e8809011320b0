"""Sounds of a kind that no recordings are at hand of: what its shipped prior's generator makes.

Whoever trains a prior of their own sounds has a folder of those alone; the other kinds, which it has to be told from,
come from here. They are rough, and vary as recordings do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from bssdemo.checkpoints.hub import Prior
from bssdemo.data.clips import peak_normalised
from bssdemo.data.kinds import Variety, vary
from bssdemo.models.encoder import TIMED_STEPS

LONGEST = 6  # steps of a latent along time that are held: a note or a syllable of up to 0.4 s


@dataclass(frozen=True)
class StandIn:
    """Draws what a prior's generator makes; see `data.kinds.Sounds`."""

    prior: Prior

    @torch.no_grad()
    def draw(self, size: int, variety: Variety, rng: np.random.Generator) -> np.ndarray:
        """float32 (size, 16384), peak-normalised."""
        generator = self.prior.generator
        latents = rng.uniform(-1, 1, (size, generator.latent_size))
        if generator.timed:
            latents = np.stack([_held(rng, generator.latent_size // TIMED_STEPS) for _ in range(size)])
        there = next(generator.parameters()).device
        made = generator(torch.from_numpy(latents).float().to(there)).float().cpu().numpy()
        return peak_normalised(np.stack([vary(one, variety, rng) for one in made]))


def _held(rng: np.random.Generator, width: int) -> np.ndarray:
    """A latent along time, (16 * width,), that changes every few steps; at every one it would babble."""
    steps: list[np.ndarray] = []
    while len(steps) < TIMED_STEPS:
        steps += [rng.uniform(-1, 1, width)] * int(rng.integers(1, LONGEST + 1))
    return np.concatenate(steps[:TIMED_STEPS])
