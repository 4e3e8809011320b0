"""Sounds in bands and back: every bin is in one band, and masks over bands share out the mixture's own sound."""

import torch

from bssdemo.audio.bands import BANDS, FRAMES, STFT, apply, band_of_bin, magnitudes
from bssdemo.audio.format import SAMPLES

RANDOM = torch.Generator().manual_seed(0)


def test_every_bin_is_in_one_band_and_bands_widen() -> None:
    bands = band_of_bin()
    widths = bands.bincount(minlength=BANDS)
    assert len(bands) == STFT.bins == widths.sum()
    assert (bands.diff() >= 0).all()
    assert (widths >= 1).all()
    assert widths[-4:].min() > 3 * widths[:4].max()


def test_magnitudes_hold_all_magnitudes_of_its_frames() -> None:
    x = torch.randn(2, SAMPLES, generator=RANDOM)
    spectrum = torch.stft(
        x, 1024, 512, window=torch.hann_window(1024), center=True, pad_mode="reflect", return_complex=True
    )
    assert magnitudes(x).shape == (2, 1, FRAMES, BANDS)
    torch.testing.assert_close(magnitudes(x).sum(-1)[:, 0], spectrum.abs().sum(1)[:, :FRAMES])


def test_round_trip_and_stems_that_add_up() -> None:
    x = torch.randn(2, SAMPLES, generator=RANDOM)
    mask = torch.rand(magnitudes(x).shape, generator=RANDOM)
    torch.testing.assert_close(apply(torch.ones_like(mask), x)[:, 0], x, atol=1e-5, rtol=0)
    assert apply(torch.zeros_like(mask), x)[:, 0].abs().max() == 0
    torch.testing.assert_close(apply(mask, x).sum(1), x, atol=1e-6, rtol=0)
