"""Mask network and discriminator for sounds: those of pictures, shown the logarithm of magnitudes.

A "picture" of sound is the magnitude of a spectrogram, (B, 1, frames, bands). Magnitudes of different sounds nearly
add up, so masks and remixes are made of them; but they span four orders of magnitude, so both networks look at

    see(y) = log(1 + y / FLOOR) / RANGE.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.models.mask import Discriminator, MaskNetwork

FLOOR = 1.0  # magnitude; half of a mixture's values lie below it or not far above
RANGE = 6.0  # what log(1 + y / FLOOR) reaches in mixtures of two clips of peak 1


def see(magnitude: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """A logarithmic picture, 0 for silence and about 1 for the loudest values."""
    return torch.log1p(magnitude / FLOOR) / RANGE


class SpectrogramMask(MaskNetwork):
    """Magnitudes of a mixture -> the share of every value that belongs to the first source, in [0, 1]."""

    def __init__(self, size: int = 32, width: int = 32, levels: int = 4) -> None:
        super().__init__(1, size, width, levels, bounded=False)

    @property
    def config(self) -> dict[str, int | bool]:
        return {"size": self.size, "width": self.width, "levels": self.levels}

    def forward(self, mixture: Float[Tensor, "B 1 h w"]) -> Float[Tensor, "B 1 h w"]:
        return super().forward(see(mixture))


class SpectrogramDiscriminator(Discriminator):
    """Magnitudes -> a score (B,): trained towards 1 for mixtures and 0 for remixes."""

    def __init__(self, size: int = 32, width: int = 32, levels: int = 4) -> None:
        super().__init__(1, size, width, levels)

    def forward(self, picture: Float[Tensor, "B 1 h w"]) -> Float[Tensor, " B"]:
        return super().forward(see(picture))
