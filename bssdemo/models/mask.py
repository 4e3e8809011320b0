"""Mask network and discriminator of adversarial unmix-and-remix (Hoshen 2018, section 4).

Mask network, after DiscoGAN: `levels` convolutions of kernel 4 and stride 2, as many transposed ones back,
sigmoid. `width` channels stand next to the last layer and twice as many in each layer before it. There
are no skip connections: with them a network trained without sources learns to cut strokes, not objects.

Pictures lie in [0, 1], which the paper leaves unused: where a mixture is y > 1 neither source can hold less than
y - 1 or more than 1. A `bounded` network maps its sigmoid s to exactly the masks that this allows,

    M = 1 - t + (2 t - 1) s,   t = 1 / max(y, 1)     so that   y - 1 <= y M <= 1   where y > 1.

Discriminator, after DCGAN: the same way down, then one number per picture, without a sigmoid (LSGAN).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

SLOPE = 0.2  # of the leaky ReLUs


def _way_down(channels: int, width: int, levels: int) -> list[nn.Module]:
    """Halving convolutions to width * 2^(levels - 1) channels; batch norm in all but the first."""
    layers: list[nn.Module] = []
    widths = [channels, *(width * 2**level for level in range(levels))]
    for level, (inputs, outputs) in enumerate(pairwise(widths)):
        layers.append(nn.Conv2d(inputs, outputs, 4, 2, padding=1, bias=level == 0))
        layers += [nn.BatchNorm2d(outputs)] if level else []
        layers.append(nn.LeakyReLU(SLOPE, inplace=True))
    return layers


class MaskNetwork(nn.Module):
    """A mixture -> the share of every value that belongs to the first source, in [0, 1].

    Takes pictures of `size` x `size` only: it has learned where on the picture things stand.
    """

    def __init__(
        self, channels: int = 1, size: int = 32, width: int = 32, levels: int = 4, bounded: bool = True
    ) -> None:
        super().__init__()
        _check(size, levels)
        self.channels, self.size, self.width, self.levels = channels, size, width, levels
        self.bounded = bounded
        layers = _way_down(channels, width, levels)
        widths = [width * 2**level for level in reversed(range(levels))]
        for inputs, outputs in pairwise(widths):
            layers += [
                nn.ConvTranspose2d(inputs, outputs, 4, 2, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(inplace=True),
            ]
        layers += [nn.ConvTranspose2d(width, channels, 4, 2, padding=1), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)

    @property
    def config(self) -> dict[str, int | bool]:
        """The arguments that build this network again; written to config.json."""
        sizes = {"channels": self.channels, "size": self.size, "width": self.width, "levels": self.levels}
        return {**sizes, "bounded": self.bounded}

    def freeze(self) -> MaskNetwork:
        """Ready for use: evaluation mode, no weight gradients."""
        return self.eval().requires_grad_(False)

    def forward(self, mixture: Float[Tensor, "B channels h w"]) -> Float[Tensor, "B channels h w"]:
        mask = self.layers(mixture.contiguous(memory_format=torch.channels_last))
        if not self.bounded:
            return mask
        most = 1 / mixture.clamp_min(1)
        return 1 - most + (2 * most - 1) * mask


class Discriminator(nn.Module):
    """A picture -> a score (B,): trained towards 1 for mixtures and 0 for remixes."""

    def __init__(self, channels: int = 1, size: int = 32, width: int = 32, levels: int = 4) -> None:
        super().__init__()
        _check(size, levels)
        last = nn.Conv2d(width * 2 ** (levels - 1), 1, size >> levels)
        self.layers = nn.Sequential(*_way_down(channels, width, levels), last)

    def forward(self, picture: Float[Tensor, "B channels h w"]) -> Float[Tensor, " B"]:
        return self.layers(picture.contiguous(memory_format=torch.channels_last)).flatten()


def _check(size: int, levels: int) -> None:
    if size < 1 << levels or size % (1 << levels):
        raise ValueError(f"{levels} levels need a size that is a multiple of {1 << levels}, got {size}")
