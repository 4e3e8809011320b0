"""Loudness: what counts as silence, and the level at which the search expects a mixture."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.decode import AudioError
from bssdemo.audio.depth import SILENCE

FINEST = min(SILENCE.values())  # below it nothing is heard in any recording
PAUSE = 1e-2  # of a recording's peak: its windows below -40 dB are pauses, unless they are loud anyway

# Mean peak of a plain sum of K peak-normalised clips, K = 1..4: 3,000 sums a row with replacement
# from the training split of digits, drums and piano, kinds distinct up to K = 3, then one repeated.
PEAK_OF_SUM = (1.0, 1.25, 1.47, 1.72)


def is_silent(audio: Float[Tensor, " samples"], below: float = SILENCE[16]) -> bool:
    """Whether nothing is heard: no sample is as far as `below` (-80 dB of full scale) from the mean."""
    mean = audio.mean()
    return bool(torch.maximum(audio.max() - mean, mean - audio.min()) < below)


def pause_level(mono: Float[Tensor, " samples"]) -> float:
    """What counts as silence within a recording: -80 dB of full scale, less in one that is quiet itself."""
    return min(SILENCE[16], max(FINEST, PAUSE * float(mono.abs().max())))


def to_search_level(mix: Float[Tensor, " samples"], sources: int) -> tuple[Float[Tensor, " samples"], float]:
    """(mix * gain, gain): the peak a plain sum of `sources` peak-normalised clips has on average.

    The search explains sums of peak-normalised clips; divide its estimates by the gain to get back
    to the level of `mix`. Raises AudioError for silence.
    """
    if is_silent(mix, FINEST):
        raise AudioError("the recording is silent; choose one with sound in it")
    gain = peak_of_sum(sources) / float(mix.abs().max())
    return mix * gain, gain


def peak_of_sum(sources: int) -> float:
    """PEAK_OF_SUM, and beyond its end growing as the root of the number of clips (measured to 8)."""
    measured = min(sources, len(PEAK_OF_SUM))
    return PEAK_OF_SUM[measured - 1] * (sources / measured) ** 0.5
