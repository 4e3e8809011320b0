"""Sounds unmixed by masks over bands: exact masks remix exactly, recordings may have any length."""

import pytest
import torch
from torch import Tensor

from bssdemo.audio.bands import BANDS, magnitudes
from bssdemo.audio.format import SAMPLE_RATE, SAMPLES
from bssdemo.unmix.cycle import swap, unmix
from bssdemo.unmix.sound import separate

RANDOM = torch.Generator().manual_seed(0)
TIME = torch.arange(3 * SAMPLES) / SAMPLE_RATE


def low_to_first(pictures: Tensor) -> Tensor:
    """The lower half of the bands is the first source's."""
    return (torch.arange(BANDS) < BANDS // 2).float().expand(pictures.shape)


def noise(begin: int, end: int) -> Tensor:
    """Noise in a part of a window, silence elsewhere."""
    x = torch.zeros(SAMPLES)
    x[begin:end] = torch.randn(end - begin, generator=RANDOM)
    return x


def test_exact_masks_remix_to_the_swapped_mixture() -> None:
    """Two mixtures of an early and a late sound; z1 is the sound of the early one here with the late one there."""
    early, late = (
        torch.stack([noise(1000, 6000), noise(500, 5000)]),
        torch.stack([noise(9000, 15000), noise(8000, 12000)]),
    )
    truth, mixture = magnitudes(early), magnitudes(early + late)
    sources = unmix(mixture, lambda y: truth / y.clamp_min(1e-9)).sources
    remixes = torch.stack(swap(*sources))
    torch.testing.assert_close(remixes, magnitudes(early + late.flip(0)), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("samples", [SAMPLES // 2, SAMPLES, int(2.7 * SAMPLES)])
def test_recordings_of_any_length(samples: int) -> None:
    low, high = (torch.sin(2 * torch.pi * f * TIME[:samples]) for f in (200, 6000))
    mix = torch.stack([low + high, 0.3 * low - high])
    *_, answer = separate(mix, low_to_first)
    assert answer.done
    assert answer.estimates.shape == (2, 2, samples)
    torch.testing.assert_close(answer.estimates.sum(1), mix, atol=1e-5, rtol=0)
    for stem, truth in ((answer.estimates[0, 0], low), (answer.estimates[1, 1], -high)):
        inner = slice(1024, samples - 1024)  # at its ends the spectrum of a tone that breaks off is wide
        error = (stem - truth)[inner].square().mean()
        assert 10 * torch.log10(truth[inner].square().mean() / error) > 40
