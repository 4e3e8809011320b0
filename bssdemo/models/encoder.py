"""Amortised inversion: audio -> a latent z that a generator turns into something like it.

The warm-up of training/autoencoder.py trains it together with the generator.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from bssdemo.models.wavegan import LATENT_SIZE, SAMPLES
from bssdemo.stft import Stft, log_power

SPECTRUM = Stft(frame=256, hop=128)
GRID = 128  # frames and bins after padding 127 to 128 and dropping the Nyquist bin
STAGES = 4  # each halves both axes


class LatentEncoder(nn.Module):
    """Log-power spectrogram -> four strided convolutions -> tanh -> z in (-1, 1)^latent_size."""

    def __init__(self, width: int = 32, latent_size: int = LATENT_SIZE) -> None:
        super().__init__()
        self.width, self.latent_size = width, latent_size
        widths = [1] + [width * 2**stage for stage in range(STAGES)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, o, 4, 2, padding=1) for i, o in zip(widths, widths[1:], strict=False)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, o) for o in widths[1:])
        self.dense = nn.Linear(widths[-1] * (GRID >> STAGES) ** 2, latent_size)

    @property
    def config(self) -> dict[str, int]:
        """The arguments that build this network again."""
        return {"width": self.width, "latent_size": self.latent_size}

    def forward(self, audio: Float[Tensor, "B samples"]) -> Float[Tensor, "B latent"]:
        if audio.shape[-1] != SAMPLES:
            raise ValueError(f"the encoder takes {SAMPLES} samples, got {audio.shape[-1]}")
        x = F.pad(log_power(audio, SPECTRUM)[:, None, :, :GRID], (0, 0, 0, 1))  # (B, 1, 128, 128)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.leaky_relu(norm(convolution(x)), 0.2)
        return torch.tanh(self.dense(x.flatten(1)))
