"""The mixture's magnitudes for a baseline to take apart, and the parts back to audio with the mixture's phase.

Frames of 256 samples, hop 128, Hann: the transform of the 2020 paper (section 3.2), here centred so that it can be
inverted. Its baselines' magnitudes are not described; borrowing the phase is usual (Casey and Westner 2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.nn import functional

from bssdemo.audio.stft import Stft, inverse, transform

STFT = Stft(256, 128, center=True)


@dataclass(frozen=True)
class Spectrum:
    """Of mixtures filled up with zeros to a whole number of hops, and how long they were."""

    values: Complex[Tensor, "*batch frames bins"]
    samples: int

    @property
    def magnitude(self) -> Float[Tensor, "*batch frames bins"]:
        """|X|, not negative."""
        return self.values.abs()

    def audio(self, parts: Float[Tensor, "*batch K frames bins"]) -> Float[Tensor, "*batch K samples"]:
        """Magnitudes of every part -> its sound, with the mixture's phase and length."""
        phase = self.values.angle().unsqueeze(-3)
        filled = (self.values.shape[-2] - 1) * STFT.hop
        return inverse(torch.polar(parts, phase.expand_as(parts)), STFT, filled)[..., : self.samples]


def analyse(mix: Float[Tensor, "*batch samples"]) -> Spectrum:
    """The transform of mixtures of any length."""
    samples = mix.shape[-1]
    filled = -(-max(samples, STFT.frame) // STFT.hop) * STFT.hop
    return Spectrum(transform(functional.pad(mix, (0, filled - samples)), STFT), samples)
