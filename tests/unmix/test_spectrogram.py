"""Sounds as pictures and back: masks over bands share out the mixture's own sound, and exact masks remix exactly."""

import pytest
import torch
from torch import Tensor

from bssdemo.unmix.cycle import swap, unmix
from bssdemo.unmix.spectrogram import BANDS, FRAMES, LENGTH, STFT, apply, band_of_bin, picture, separate

RANDOM = torch.Generator().manual_seed(0)
TIME = torch.arange(3 * LENGTH) / 16_000


def low_to_first(pictures: Tensor) -> Tensor:
    """The lower half of the bands is the first source's."""
    return (torch.arange(BANDS) < BANDS // 2).float().expand(pictures.shape)


def noise(begin: int, end: int) -> Tensor:
    """Noise in a part of a window, silence elsewhere."""
    x = torch.zeros(LENGTH)
    x[begin:end] = torch.randn(end - begin, generator=RANDOM)
    return x


def test_every_bin_is_in_one_band_and_bands_widen() -> None:
    bands = band_of_bin()
    widths = bands.bincount(minlength=BANDS)
    assert len(bands) == STFT.bins == widths.sum()
    assert (bands.diff() >= 0).all()
    assert (widths >= 1).all()
    assert widths[-4:].min() > 3 * widths[:4].max()


def test_a_picture_holds_all_magnitudes_of_its_frames() -> None:
    x = torch.randn(2, LENGTH, generator=RANDOM)
    spectrum = torch.stft(
        x, 1024, 512, window=torch.hann_window(1024), center=True, pad_mode="reflect", return_complex=True
    )
    assert picture(x).shape == (2, 1, FRAMES, BANDS)
    torch.testing.assert_close(picture(x).sum(-1)[:, 0], spectrum.abs().sum(1)[:, :FRAMES])


def test_round_trip_and_stems_that_add_up() -> None:
    x = torch.randn(2, LENGTH, generator=RANDOM)
    mask = torch.rand(picture(x).shape, generator=RANDOM)
    torch.testing.assert_close(apply(torch.ones_like(mask), x)[:, 0], x, atol=1e-5, rtol=0)
    assert apply(torch.zeros_like(mask), x)[:, 0].abs().max() == 0
    torch.testing.assert_close(apply(mask, x).sum(1), x, atol=1e-6, rtol=0)


def test_exact_masks_remix_to_the_swapped_mixture() -> None:
    """Two mixtures of an early and a late sound; z1 is the picture of the early one here with the late one there."""
    early, late = (
        torch.stack([noise(1000, 6000), noise(500, 5000)]),
        torch.stack([noise(9000, 15000), noise(8000, 12000)]),
    )
    truth, mixture = picture(early), picture(early + late)
    sources = unmix(mixture, lambda y: truth / y.clamp_min(1e-9)).sources
    remixes = torch.stack(swap(*sources))
    torch.testing.assert_close(remixes, picture(early + late.flip(0)), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("samples", [LENGTH // 2, LENGTH, int(2.7 * LENGTH)])
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
