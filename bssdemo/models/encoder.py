"""Amortised inversion: audio -> a latent z that a generator turns into something like it.

`train prior` trains one along time together with its generator, on mixtures; `train dense` trains one on
single clips, and `train encoder` goes on with it on mixtures, where it names its own source's z and ignores the rest.
"""

from __future__ import annotations

import math
from typing import Literal, overload

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from bssdemo.audio.format import SAMPLES
from bssdemo.audio.stft import Stft, log_power
from bssdemo.models.wavegan import LATENT_SIZE

SPECTRUM = Stft(frame=512, hop=128)  # 31 Hz a bin: neighbouring piano keys stay apart from 500 Hz on
GRID = (128, 256)  # frames and bins after padding 125 to 128 and dropping the Nyquist bin
GROWTH = (1, 2, 4, 8, 8)  # channels of each stage, in widths; every stage halves both axes
RMS_EPS = 1e-5
WIDENING_NOISE = 0.01
TIMED_STEPS = 16  # of a latent along time


class LatentEncoder(nn.Module):
    """Log-power spectrogram -> five strided convolutions -> tanh -> z in (-1, 1)^latent_size.

    The input is first brought to a root mean square of one, so its level does not matter: a recording
    arrives at whatever level it was made, and the level of a source is not the generator's business.
    """

    def __init__(self, width: int = 16, latent_size: int = LATENT_SIZE) -> None:
        super().__init__()
        self.width, self.latent_size = width, latent_size
        widths = [1] + [width * factor for factor in GROWTH]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, o, 4, 2, padding=1) for i, o in zip(widths, widths[1:], strict=False)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(math.gcd(8, o), o) for o in widths[1:])
        places = (GRID[0] >> len(GROWTH)) * (GRID[1] >> len(GROWTH))
        self.dense = nn.Linear(widths[-1] * places, latent_size)

    @property
    def config(self) -> dict[str, int]:
        """The arguments that build this network again."""
        return {"width": self.width, "latent_size": self.latent_size}

    def forward(self, audio: Float[Tensor, "B samples"]) -> Float[Tensor, "B latent"]:
        x = spectrogram(audio)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.leaky_relu(norm(convolution(x)), 0.2)
        return torch.tanh(self.dense(x.flatten(1)))


class TimedEncoder(nn.Module):
    """Log-power spectrogram -> a latent along time, and what else a mixture tells of the source.

    Three convolutions halve both axes, down to the 16 steps of the latent; two more halve frequency alone. z
    in (-1, 1)^latent_size holds 16 steps side by side, as Generator(timed=True) takes it. Told to `hear`, it gives the
    source's level below the mixture's in dB and a presence logit: is the source in the mixture at all?
    """

    def __init__(self, width: int = 24, latent_size: int = 256) -> None:
        super().__init__()
        self.width, self.latent_size = width, latent_size
        widths = [1, width, 2 * width, 4 * width, 5 * width, 5 * width]
        strides: list[tuple[int, int]] = [(2, 2), (2, 2), (2, 2), (1, 2), (1, 2)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, o, (4 if a > 1 else 3, 4), (a, b), padding=(1, 1))
            for i, o, (a, b) in zip(widths, widths[1:], strides, strict=False)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(math.gcd(8, o), o) for o in widths[1:])
        features = widths[-1] * (GRID[1] >> len(strides))
        self.mix = nn.Conv1d(features, 6 * width, 1)
        self.latent = nn.Conv1d(6 * width, latent_size // TIMED_STEPS, 5, padding=2)
        self.level = nn.Linear(12 * width, 2)

    @property
    def config(self) -> dict[str, int | bool]:
        """The arguments that build this network again."""
        return {"width": self.width, "latent_size": self.latent_size, "timed": True}

    @overload
    def forward(self, audio: Float[Tensor, "B samples"], hear: Literal[False] = False) -> Tensor: ...
    @overload
    def forward(
        self, audio: Float[Tensor, "B samples"], hear: Literal[True]
    ) -> tuple[Tensor, Tensor, Tensor]: ...
    def forward(
        self, audio: Float[Tensor, "B samples"], hear: bool = False
    ) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        """z (B, latent); with `hear` also the level (B,) in dB below the mixture and the presence logit (B,)."""
        x = spectrogram(audio)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.leaky_relu(norm(convolution(x)), 0.2)
        x = F.leaky_relu(self.mix(x.transpose(2, 3).flatten(1, 2)), 0.2)  # (B, features, 16)
        z = torch.tanh(self.latent(x).mT.flatten(1))
        if not hear:
            return z
        level, presence = self.level(torch.cat([x.mean(-1), x.amax(-1)], 1)).unbind(1)
        return z, 10 * level, presence


def spectrogram(audio: Float[Tensor, "B samples"]) -> Float[Tensor, "B 1 frames bins"]:
    """What an encoder sees: log power at a root mean square of one, on GRID. Raises ValueError for another length."""
    if audio.shape[-1] != SAMPLES:
        raise ValueError(f"the encoder takes {SAMPLES} samples, got {audio.shape[-1]}")
    level = torch.sqrt(audio.square().mean(-1, keepdim=True) + RMS_EPS**2)
    x = log_power(audio / level, SPECTRUM)[:, None, :, : GRID[1]]
    return F.pad(x, (0, 0, 0, GRID[0] - x.shape[2]))  # (B, 1, 128, 256)


@torch.no_grad()
def widened(encoder: LatentEncoder, width: int, generator: torch.Generator) -> LatentEncoder:
    """A copy of `width`, a multiple of its own: every channel several times over, so that it answers as before.

    The copies' weights differ by a hundredth (drawn from `generator`), or they would learn the same for ever.
    Net2Net (Chen et al. 2016, arXiv 1511.05641). Raises ValueError for another width.
    """
    copies, rest = divmod(width, encoder.width)
    if rest or copies < 1:
        raise ValueError(
            f"an encoder of width {encoder.width} can be widened to a multiple of it, not to {width}"
        )
    wide = LatentEncoder(width, encoder.latent_size)
    state = encoder.state_dict()
    for name, target in wide.state_dict().items():
        value = state[name]
        if value.dim() == 4 and value.shape[1] > 1:  # reads `copies` times as many channels
            value = value.repeat_interleave(copies, 1) / copies
        if name == "dense.weight":
            value = (
                value.unflatten(1, (GROWTH[-1] * encoder.width, -1)).repeat_interleave(copies, 1).flatten(1)
            )
            value = value / copies
        elif name != "dense.bias":
            value = value.repeat_interleave(copies, 0)
        if copies > 1 and value.dim() > 1:
            value = value * (1 + WIDENING_NOISE * torch.randn(value.shape, generator=generator))
        target.copy_(value)
    return wide
