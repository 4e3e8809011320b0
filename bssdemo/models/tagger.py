"""What is in it: a second of sound -> the log odds of every kind of sound being there.

A plain classifier of mel spectrograms, as audio tagging has them (Kong et al. 2020, "PANNs", arXiv 1912.10211), small.
It hears all kinds at once, so it can tell a guitar from the piano that is not there; an encoder knows its own alone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from bssdemo.audio.format import SAMPLE_RATE, SAMPLES
from bssdemo.audio.mel import filters
from bssdemo.audio.stft import Stft, power

SPECTRUM = Stft(1024, 256, center=True)
BANDS, FRAMES = 64, 64
LOWEST = 30.0  # Hz
FLOOR = 1e-5  # of the power of a band, where the sound has a root mean square of one
GROWTH = (1, 2, 3, 4, 6)  # channels of each stage, in widths; every stage but the last halves both axes
SILENCE = 1e-5


class Tagger(nn.Module):
    """(B, 16384) -> (B, outputs) log odds, whatever the level. `width`: a multiple of 8."""

    def __init__(self, outputs: int, width: int = 24) -> None:
        super().__init__()
        if width % 8:
            raise ValueError(f"the tagger's width must be a multiple of 8, got {width}")
        self.outputs, self.width = outputs, width
        widths = [1, *(width * factor for factor in GROWTH)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, o, 3, padding=1) for i, o in zip(widths, widths[1:], strict=False)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, o) for o in widths[1:])
        self.equaliser = nn.Parameter(torch.zeros(1, 1, 1, BANDS))
        halvings = len(GROWTH) - 1
        self.mix = nn.Conv1d(widths[-1] * (BANDS >> halvings), widths[-1], 1)
        self.answer = nn.Linear(2 * widths[-1], outputs)

    @property
    def config(self) -> dict[str, int]:
        """The arguments that build this network again."""
        return {"outputs": self.outputs, "width": self.width}

    def freeze(self, dtype: torch.dtype = torch.float32) -> Tagger:
        """Ready to be used; it is small and stays in float32."""
        self.eval().requires_grad_(False)
        return self

    def forward(self, audio: Float[Tensor, "B samples"]) -> Float[Tensor, "B outputs"]:
        x = log_mel(audio) + self.equaliser
        last = len(self.norms) - 1
        for at, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            x = F.leaky_relu(norm(convolution(x)), 0.2)
            if at < last:
                x = F.max_pool2d(x, 2)
        x = F.leaky_relu(self.mix(x.transpose(2, 3).flatten(1, 2)), 0.2)  # (B, channels, time)
        found: Tensor = self.answer(torch.cat([x.mean(-1), x.amax(-1)], 1))
        return found


def log_mel(audio: Float[Tensor, "B samples"]) -> Float[Tensor, "B 1 frames bands"]:
    """What it sees: log mel power at a root mean square of one. Raises ValueError for another length than 16,384."""
    if audio.shape[-1] != SAMPLES:
        raise ValueError(f"the tagger takes {SAMPLES} samples, got {audio.shape[-1]}")
    level = audio.square().mean(-1, keepdim=True).sqrt() + SILENCE
    mel = filters(SAMPLE_RATE, SPECTRUM.frame, BANDS, LOWEST).to(audio)
    return (torch.log(power(audio / level, SPECTRUM)[:, :FRAMES] @ mel.T + FLOOR)[:, None] + 4) / 4
