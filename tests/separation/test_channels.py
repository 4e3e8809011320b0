"""Masks applied at any rate and to any channel leave nothing out and add nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soxr
import torch
from torch import Tensor

from bssdemo.audio import SAMPLE_RATE, Recording, to_mono_16k
from bssdemo.search.refine import DEFAULT, masks, refine
from bssdemo.separation.channels import TOP, apply_to_channels, scaled

RATES = [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000]


def noise(*shape: int, seed: int = 0) -> Tensor:
    return 0.2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def tone(hertz: float, seconds: float, rate: int) -> Tensor:
    return 0.3 * torch.sin(2 * math.pi * hertz * torch.arange(round(seconds * rate)) / rate)


def separated(channels: Tensor, rate: int, estimates: list[Tensor]) -> Tensor:
    """The parts of a recording whose sources, as 16 kHz mono, are known."""
    mono = to_mono_16k(Recording(channels, rate))
    exact = torch.stack([x[: len(mono)] for x in estimates])
    return apply_to_channels(masks(mono, exact), DEFAULT.stft, channels, rate)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_the_parts_add_up_to_every_channel_at_any_rate(rate: int, channels: int) -> None:
    x = noise(channels, round(0.71 * rate) + 13)
    length = len(to_mono_16k(Recording(x, rate)))
    parts = separated(x, rate, [noise(length, seed=1), noise(length, seed=2)])
    assert parts.shape == (3, *x.shape)
    torch.testing.assert_close(parts.sum(0), x, rtol=0, atol=1e-4)


def test_mono_at_16k_is_what_refine_gives() -> None:
    mix, estimates = noise(16_384), noise(2, 16_384, seed=1)
    refined = refine(mix, estimates)
    parts = apply_to_channels(masks(mix, estimates), DEFAULT.stft, mix[None], SAMPLE_RATE)
    assert torch.equal(parts[:-1, 0], refined.stems)
    assert torch.equal(parts[-1, 0], refined.residual)


@pytest.mark.parametrize("rate", RATES)
def test_two_tones_come_apart_at_any_rate(rate: int) -> None:
    """Masks lie at the same hertz and seconds whatever the rate; a stem has only its own tone."""
    first, second = tone(500, 1.3, rate), tone(1_700, 1.3, rate)
    first[: len(first) // 2] = 0  # and begins in the middle
    at_16k = [to_mono_16k(Recording(x[None], rate)) for x in (first, second)]
    parts = separated((first + second)[None], rate, at_16k)
    for part, true in zip(parts[:2, 0], (first, second), strict=True):
        assert 10 * torch.log10((part - true).square().sum() / true.square().sum()) < -20


def test_each_channel_keeps_its_own_level_of_each_source() -> None:
    low, high = tone(500, 1.0, SAMPLE_RATE), tone(3_000, 1.0, SAMPLE_RATE)
    channels = torch.stack([low + 0.2 * high, 0.5 * low + high])
    parts = separated(channels, SAMPLE_RATE, [low, high])
    inside = slice(500, -500)  # the first and last frame hold a reflected tone
    torch.testing.assert_close(parts[0, 1, inside], 0.5 * low[inside], rtol=0, atol=0.02)
    torch.testing.assert_close(parts[1, 0, inside], 0.2 * high[inside], rtol=0, atol=0.02)


@pytest.mark.parametrize("rate", RATES)
def test_frames_last_as_long_at_every_rate(rate: int) -> None:
    stft = scaled(DEFAULT.stft, rate)
    assert stft.frame % 2 == 0
    assert stft.frame / rate == pytest.approx(DEFAULT.frame / SAMPLE_RATE, rel=0.01)
    assert stft.hop / rate == pytest.approx(DEFAULT.hop / SAMPLE_RATE, rel=0.01)


def test_above_what_was_heard_the_stem_that_fills_the_band_below_takes_the_sound() -> None:
    """Hiss at 44.1 kHz beside a low tone: the hiss keeps its highs, though the search never heard them."""
    rate, seconds = 44_100, 1.0
    hiss = noise(round(seconds * rate))
    low = tone(440, seconds, rate)
    at_16k = [torch.from_numpy(soxr.resample(x.numpy(), rate, SAMPLE_RATE)) for x in (low, hiss)]
    parts = separated((low + hiss)[None], rate, at_16k)
    spectrum = torch.fft.rfft(parts[:, 0]).abs().square()
    highs = spectrum[:, torch.arange(spectrum.shape[-1]) * rate / len(hiss) > TOP + 1_000].sum(1)
    assert highs[1] / highs.sum() > 0.97
    assert np.isfinite(spectrum).all()
