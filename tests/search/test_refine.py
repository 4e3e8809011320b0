"""Laws of the soft masks: stems add up to the mixture, and perfect estimates give perfect stems."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from bssdemo.metrics.audio import spectral_snr
from bssdemo.search.refine import DEFAULT, RefineConfig, apply, masks, refine

CONFIGS = {
    "default": DEFAULT,
    "no residual": replace(DEFAULT, residual=0.0),
    "greedy residual": replace(DEFAULT, margin=2.0),
    "plain": RefineConfig(frame=512, hop=128, exponent=1.0, iterations=0, residual=0.0),
    "coloured": RefineConfig(
        frame=256, hop=128, exponent=1.5, iterations=20, reach=31, trust=0.1, residual=1.0
    ),
}
each_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def tones(samples: int = 16_384) -> Tensor:
    """Three tones (3, samples), far apart in frequency, that swell and fade: no click covers the others."""
    time = torch.arange(samples) / 16_000
    pitch = torch.tensor([200.0, 1000.0, 4000.0])[:, None]
    return (
        torch.sin(2 * torch.pi * pitch * time)
        * torch.hann_window(samples)
        * torch.tensor([[1.0], [0.5], [0.8]])
    )


@each_config
@pytest.mark.parametrize("samples", [1, 100, 1023, 16_384, 50_001])
@pytest.mark.parametrize("sources", [1, 3])
def test_stems_and_residual_add_up_to_the_mixture(config: RefineConfig, samples: int, sources: int) -> None:
    mix, estimates = noise(2, samples), noise(2, sources, samples, seed=1)
    refined = refine(mix, estimates, config)
    assert refined.stems.shape == estimates.shape
    torch.testing.assert_close(refined.stems.sum(-2) + refined.residual, mix, atol=1e-4, rtol=0)


@each_config
def test_masks_are_shares(config: RefineConfig) -> None:
    shares = masks(noise(4, 5000), noise(4, 3, 5000, seed=1), config)
    assert shares.shape[:2] == (4, 4)
    assert shares.min() >= 0
    torch.testing.assert_close(shares.sum(1), torch.ones(()).expand(shares.sum(1).shape), atol=1e-5, rtol=0)
    if not config.residual:
        assert shares[:, -1].max() <= 1e-4


@each_config
@pytest.mark.parametrize("silent", ["mixture", "estimates", "both"])
def test_silence_stays_finite_and_adds_up(config: RefineConfig, silent: str) -> None:
    mix = torch.zeros(4000) if silent != "estimates" else noise(4000)
    estimates = torch.zeros(2, 4000) if silent != "mixture" else noise(2, 4000)
    refined = refine(mix, estimates, config)
    torch.testing.assert_close(refined.stems.sum(0) + refined.residual, mix, atol=1e-4, rtol=0)


def test_what_no_estimate_explains_is_the_residuals() -> None:
    low, middle, high = tones()
    mix, known = low + middle + high, torch.stack([low, middle])
    without, with_one = (refine(mix, known, replace(DEFAULT, residual=r)) for r in (0.0, 1.0))
    assert without.residual.abs().max() < 1e-3
    assert spectral_snr(high, with_one.residual) > 20
    assert spectral_snr(known, with_one.stems).min() > 20
    assert spectral_snr(known, without.stems).min() < 3


@each_config
def test_perfect_estimates_of_sounds_apart_give_perfect_stems(config: RefineConfig) -> None:
    sources = tones()
    refined = refine(sources.sum(0), sources, config)
    assert (spectral_snr(sources, refined.stems) > 20).all()
    assert refined.residual.square().sum() < 1e-4 * sources.square().sum()


@each_config
def test_one_source_without_a_residual_is_the_mixture(config: RefineConfig) -> None:
    mix = noise(2, 6000)
    refined = refine(mix, noise(2, 1, 6000, seed=1), replace(config, residual=0.0))
    torch.testing.assert_close(refined.stems[:, 0], mix, atol=1e-3, rtol=0)


@each_config
@pytest.mark.parametrize("scale", [1e-3, 300.0])
def test_louder_in_is_louder_out(config: RefineConfig, scale: float) -> None:
    mix, estimates = noise(3, 6000), noise(3, 2, 6000, seed=1)
    quiet, loud = refine(mix, estimates, config), refine(scale * mix, scale * estimates, config)
    torch.testing.assert_close(loud.stems / scale, quiet.stems, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(loud.residual / scale, quiet.residual, atol=1e-4, rtol=1e-3)


@each_config
def test_sources_in_another_order_give_the_stems_in_that_order(config: RefineConfig) -> None:
    mix, estimates = noise(2, 6000), noise(2, 3, 6000, seed=1)
    order = [2, 0, 1]
    first, other = refine(mix, estimates, config), refine(mix, estimates[:, order], config)
    torch.testing.assert_close(other.stems, first.stems[:, order], atol=1e-5, rtol=0)
    torch.testing.assert_close(other.residual, first.residual, atol=1e-5, rtol=0)


@each_config
def test_examples_of_a_batch_do_not_meet(config: RefineConfig) -> None:
    mix, estimates = noise(2, 3, 4000), noise(2, 3, 2, 4000, seed=1)
    torch.testing.assert_close(
        refine(mix, estimates, config).stems[1, 2], refine(mix[1, 2], estimates[1, 2], config).stems
    )


def test_colours_mend_a_wrong_timbre() -> None:
    """Two sounds whose estimates have the right rhythm, and each the balance of low and high turned round."""
    gate = torch.arange(16_384) % 4096 < 2048
    low, high = noise(2, 16_384, seed=2)
    low = torch.cumsum(low, 0) / 10  # most of its power at low frequencies
    high = torch.diff(high, prepend=high[:1])
    sources = torch.stack([torch.where(gate, low + 0.1 * high, 0), torch.where(gate, 0, high + 0.1 * low)])
    estimates = torch.stack([torch.where(gate, 0.1 * low + high, 0), torch.where(gate, 0, 0.1 * high + low)])
    estimates = estimates + 0.3 * estimates.flip(0)  # the search leaks
    plain, coloured = (
        spectral_snr(sources, refine(sources.sum(0), estimates, replace(DEFAULT, iterations=n)).stems)
        for n in (0, 5)
    )
    assert (coloured > plain + 1).all()


def test_masks_of_one_channel_serve_another() -> None:
    left, right = noise(2, 9000)
    parts = apply(masks(left, noise(2, 9000, seed=1)), right, DEFAULT.stft)
    torch.testing.assert_close(parts.sum(0), right, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"frame": 255},
        {"hop": 0},
        {"hop": 600},
        {"exponent": 0.0},
        {"iterations": -1},
        {"reach": 64},
        {"trust": 0.0},
        {"residual": -1.0},
        {"margin": 0.5},
    ],
)
def test_settings_that_make_no_masks_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(DEFAULT, **wrong)


def test_masks_of_nothing_and_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="no estimates"):
        masks(noise(4000), noise(0, 4000))
    with pytest.raises(ValueError, match="do not fit"):
        apply(masks(noise(4000), noise(2, 4000)), noise(8000), DEFAULT.stft)
