"""The untrained network of Deep Audio Prior: noise at an eighth of the size in, a spectrogram in (0, 1) out.

Only its structure is a prior (Ulyanov et al. 2018, "Deep image prior"): convolutions, and upsampling between them,
fit what is coherent in time and frequency sooner than what is not. The size of the network is ours.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

LEVELS = 3  # doublings
SLOPE = 0.2  # of the leaky ReLUs


class NoiseDecoder(nn.Module):
    """Noise (B, channels, t, f) -> (B, frames, bins); `widths` are the channels at each size, the smallest first.

    Normalised over the one spectrogram it makes, whenever it is called: it has no state besides its weights.
    """

    def __init__(self, channels: int, widths: tuple[int, int, int, int] = (48, 32, 24, 12)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for level, (inputs, outputs) in enumerate(zip((channels, *widths), widths, strict=False)):
            layers += [nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)] if level else []
            layers += [
                nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
                nn.BatchNorm2d(outputs, track_running_stats=False),
                nn.LeakyReLU(SLOPE, inplace=True),
            ]
        layers += [nn.Conv2d(widths[-1], 1, 1), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)

    def forward(self, noise: Float[Tensor, "B channels t f"]) -> Float[Tensor, "B frames bins"]:
        return self.layers(noise.contiguous(memory_format=torch.channels_last))[:, 0]


def noise_size(frames: int, bins: int) -> tuple[int, int]:
    """The smallest noise whose spectrogram covers so many frames and bins; crop what is over."""
    return -(-frames // (1 << LEVELS)), -(-bins // (1 << LEVELS))
