"""Sounds to mix for a mask network: one clip of either kind, peak-normalised, as the 2020 paper mixes them.

What training is given are the magnitudes of the mixture (`audio/bands.py`): of the sum of the two clips, not
the sum of their magnitudes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float16
from torch import Tensor

from bssdemo.audio import bands
from bssdemo.data.clips import Split, load_named, peak_normalised
from bssdemo.data.pictures import passes, to_float
from bssdemo.models.mask import Discriminator, MaskNetwork
from bssdemo.models.spectrogram import SpectrogramDiscriminator, SpectrogramMask, see

CHUNK = 500  # mixtures whose sound is held at a time


@dataclass(frozen=True)
class SoundSet:
    """Two kinds of recordings, by the names of their priors."""

    labels: tuple[str, str]
    train_mixtures: int = 25_000
    size: int = bands.FRAMES

    def networks(self, width: int, levels: int, bounded: bool) -> tuple[MaskNetwork, Discriminator]:
        """A new mask network and discriminator; magnitudes have no upper end that masks could be bounded by."""
        return SpectrogramMask(self.size, width, levels), SpectrogramDiscriminator(self.size, width, levels)

    @staticmethod
    def see(magnitude: Tensor) -> Tensor:
        """How the losses and a person look at magnitudes: by their logarithm."""
        return see(magnitude)


SOUND_SETS: Mapping[str, SoundSet] = {
    "-".join(labels): SoundSet(labels)
    for labels in (("digit", "piano"), ("digit", "drums"), ("drums", "piano"))
}


@dataclass(frozen=True)
class SoundMixtures:
    """Magnitudes of mixtures and of their true sources."""

    mixed: Float16[np.ndarray, "n 1 frames bands"]
    parts: Float16[np.ndarray, "n 2 1 frames bands"]

    def __len__(self) -> int:
        return len(self.mixed)

    def sums(self) -> Float16[np.ndarray, "n 1 frames bands"]:
        """The mixtures themselves."""
        return self.mixed

    def sources(self) -> Float[Tensor, "n 2 1 frames bands"]:
        """The true sources, whose sum is the mixture but for their phases."""
        return to_float(self.parts)

    def paired(self, rows: Sequence[np.ndarray]) -> SoundMixtures:
        """The mixtures in the first rows as they are: others than were drawn would need the sound itself."""
        return SoundMixtures(self.mixed[rows[0]], self.parts[rows[0]])


def draw_sounds(data: Path, name: str, split: Split, count: int, seed: int) -> SoundMixtures:
    """`count` random pairs of a clip of each kind; a function of (clips, split, count, seed).

    Raises DataError when the recordings are not there.
    """
    kinds = [load_named(data, label, split).audio for label in SOUND_SETS[name].labels]
    streams = np.random.default_rng(seed).spawn(len(kinds))
    rows = [passes(len(kind), count, rng) for kind, rng in zip(kinds, streams, strict=True)]
    mixed, parts = [], []
    for start in range(0, count, CHUNK):
        some = [kind[row[start : start + CHUNK]] for kind, row in zip(kinds, rows, strict=True)]
        clips = torch.from_numpy(np.stack([peak_normalised(audio) for audio in some], axis=1))
        mixed.append(bands.magnitudes(clips.sum(1)).half().numpy())
        parts.append(bands.magnitudes(clips).half().numpy())
    return SoundMixtures(np.concatenate(mixed), np.concatenate(parts))
