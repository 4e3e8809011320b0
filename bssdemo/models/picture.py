"""A small picture generator, DCGAN's shape (Radford et al. 2016): the decoder that GLO fits."""

from __future__ import annotations

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

LEVELS = 3  # doublings


class PictureGenerator(nn.Module):
    """z (B, latent) -> pictures (B, channels, size, size) in (0, 1)."""

    def __init__(self, channels: int, size: int, latent: int = 64, width: int = 16) -> None:
        super().__init__()
        if size % (1 << LEVELS):
            raise ValueError(f"the size must be a multiple of {1 << LEVELS}, got {size}")
        widths = [width * 2**level for level in reversed(range(LEVELS))]
        self.latent = latent
        self.seed = (widths[0], size >> LEVELS, size >> LEVELS)
        self.dense = nn.Linear(latent, widths[0] * self.seed[1] * self.seed[2])
        layers: list[nn.Module] = [nn.BatchNorm2d(widths[0]), nn.ReLU()]
        for inputs, outputs in pairwise(widths):
            layers += [
                nn.ConvTranspose2d(inputs, outputs, 4, 2, padding=1),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
        layers += [nn.ConvTranspose2d(widths[-1], channels, 4, 2, padding=1), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Float[Tensor, "B latent"]) -> Float[Tensor, "B channels h w"]:
        return self.layers(self.dense(z).view(-1, *self.seed))
