"""A few spectra a source: exact where a source is so few, without seams, and of use where estimates are wrong."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bssdemo.search.spectra import BLOCK, WHOLE, few_spectra

BINS = 40


def sources(frames: int, seed: int = 0) -> Tensor:
    """Magnitudes (2, frames, BINS) of two sources, each of two spectra that get louder and softer."""
    noise = torch.Generator().manual_seed(seed)
    spectra = torch.rand(2, 2, BINS, generator=noise) ** 4 + 1e-3
    loudness = torch.rand(2, frames, 2, generator=noise) ** 2
    return loudness @ spectra


@pytest.mark.parametrize("frames", [5, BLOCK, WHOLE, WHOLE + 1, 200])
def test_what_is_made_of_few_spectra_stays(frames: int) -> None:
    true = sources(frames)
    found = few_spectra(true.sum(0), true, 4)
    assert found.shape == true.shape
    assert ((found - true).square().sum() / true.square().sum()).sqrt() < 0.06


def test_estimates_that_mix_the_sources_up_are_mended() -> None:
    true = sources(60)
    mix = true.sum(0)
    blurred = 0.7 * true + 0.3 * true.flip(0) + 0.2 * true.mean((1, 2), keepdim=True)
    found = few_spectra(mix, blurred * (mix.mean() / blurred.sum(0).mean()), 4)
    wrong = [((x - true).square().sum() / true.square().sum()).item() for x in (blurred, found)]
    assert wrong[1] < 0.8 * wrong[0]
    torch.testing.assert_close(found.sum(0).mean(), mix.mean(), rtol=0.02, atol=0)  # all of it is explained


def test_examples_do_not_touch_each_other_and_silence_stays() -> None:
    true = torch.stack([sources(130), sources(130, 1), torch.zeros(2, 130, BINS)])
    together = few_spectra(true.sum(1), true, 3)
    for one, alone in zip(true, together, strict=True):
        torch.testing.assert_close(few_spectra(one.sum(0), one, 3), alone)
    assert together[2].max() < 1e-3


def test_a_steady_sound_has_no_seams_between_blocks() -> None:
    steady = torch.rand(2, 1, BINS, generator=torch.Generator().manual_seed(2)).expand(2, 300, BINS)
    found = few_spectra(steady.sum(0), steady, 4)
    torch.testing.assert_close(found, found[:, :1].expand_as(found), rtol=2e-3, atol=1e-4)
