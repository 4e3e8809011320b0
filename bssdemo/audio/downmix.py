"""Several channels as one in which nothing is lost, whatever the phases, delays and levels between them.

A mean of channels loses what they hold in opposite phase. Here every cell of the spectrogram keeps the channels'
mean power, and takes the phase of their sum, leaning a little on the loudest channel where the sum is nothing:

    |Y|^2 = 1/C sum_c |X_c|^2,   arg Y = arg( 1/C sum_c X_c + LEAN X_loudest ).

The energy-preserving downmix of parametric stereo (Breebaart et al., "Parametric coding of stereo audio", EURASIP
JASP 2005, section 3.4) with a phase that is defined everywhere.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.stft import Stft, inverse, transform

STFT = Stft(1024, 256, center=True)  # of 16 kHz: 64 ms
LEAN = 0.3
TINY = 1e-30  # added to a magnitude before dividing by it


def downmix(channels: Float[Tensor, "channels samples"]) -> Float[Tensor, " samples"]:
    """One channel with the channels' mean power; channels that are all the same give just that."""
    first, *others = channels
    if all(torch.equal(first, other) for other in others):
        return first
    samples = channels.shape[1]
    filled = -(-max(samples, STFT.frame) // STFT.hop) * STFT.hop - samples
    loudest = int(channels.square().mean(1).argmax())
    total, power, lead = torch.zeros(()), torch.zeros(()), torch.zeros(())
    for number, channel in enumerate(channels):
        spectrum = transform(F.pad(channel, (0, filled)), STFT)
        total = total + spectrum / len(channels)
        power = power + (spectrum.real.square() + spectrum.imag.square()) / len(channels)
        lead = LEAN * spectrum if number == loudest else lead
    phase = total + lead
    return inverse(power.sqrt() * phase / (phase.abs() + TINY), STFT, samples + filled)[:samples]
