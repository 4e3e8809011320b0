"""The factorisations find sources that are what they assume, and agree with linear algebra."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn import functional

from bssdemo.baselines import factorisation
from bssdemo.baselines.catalogue import BASELINES
from bssdemo.baselines.spectra import STFT, analyse
from bssdemo.snapshot import Snapshot

NAMES = ("fastica", "pca", "kernelpca", "nmf")


def answer(name: str, mix: torch.Tensor, sources: int, **options: object) -> Snapshot:
    *_, last = BASELINES[name].separate(mix, sources, **options)
    assert last.done
    return last


def tones(count: int, samples: int = 16_384, taking_turns: bool = False) -> torch.Tensor:
    """Sines in the middle of bins 10, 30, 50 ...: on and off in all combinations, or one after the other.

    They fade over 1,200 samples: a sudden beginning sounds at all frequencies.
    """
    numbers = torch.arange(count)[:, None]
    block = torch.arange(samples) * 2**count // samples
    sounding = block % count == numbers if taking_turns else (block >> numbers) % 2 == 1
    fade = torch.hann_window(1_201, periodic=False)
    loudness = functional.conv1d(sounding[:, None].float(), fade[None, None] / fade.sum(), padding=600)[:, 0]
    return (
        loudness * torch.sin(2 * torch.pi * (10 + 20 * numbers) * torch.arange(samples) / STFT.frame) / count
    )


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def matrix(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((40, 30)) ** 4


def si_sdr(ref: torch.Tensor, est: torch.Tensor) -> float:
    target = (ref @ est) / (ref @ ref) * ref
    return float(10 * torch.log10(target.square().sum() / (est - target).square().sum()))


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("name", ["nmf", "fastica"])
def test_tones_of_independent_loudness_come_apart(name: str, count: int) -> None:
    """Both models hold for them but in frames where one begins or ends; the mixture itself is at or below 0 dB."""
    refs = tones(count)
    estimates = answer(name, refs.sum(0), count).estimates
    best = max(
        min(si_sdr(ref, estimates[k]) for ref, k in zip(refs, order, strict=True))
        for order in permutations(range(count))
    )
    assert best > 15
    levels = (estimates @ refs.T).amax(0) / refs.square().sum(-1)
    torch.testing.assert_close(levels, torch.ones(count), rtol=0, atol=0.05)


def test_principal_components_add_up_to_the_projection_that_numpy_finds() -> None:
    x = matrix()
    *_, axes = np.linalg.svd(x - x.mean(0), full_matrices=False)
    for count in (1, 2, 4):
        parts = factorisation.pca(x, count, 0)
        assert_allclose(parts.sum(0), x @ axes[:count].T @ axes[:count], atol=1e-10)
        assert np.linalg.matrix_rank(parts[0]) == 1


def test_independent_components_span_what_the_principal_ones_span() -> None:
    """ICA turns the axes within the subspace of PCA."""
    x = matrix()
    parts, principal = factorisation.fastica(x, 3, 0), factorisation.pca(x, 3, 0)
    assert_allclose(parts.sum(0), principal.sum(0), atol=1e-8)
    assert not np.allclose(np.sort(parts, 0), np.sort(principal, 0), atol=1e-3)


def test_one_kernel_component_knows_which_of_two_spectra_sounds() -> None:
    mix = tones(2, taking_turns=True).sum(0)
    assert answer("kernelpca", mix, 1).terms["reconstruction"] < 0.1
    assert answer("nmf", mix, 1).terms["reconstruction"] > 0.4  # one spectrum is not enough


def test_non_negative_factors_explain_what_is_made_of_them() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((40, 2)) ** 4 @ rng.random((2, 30)) ** 4
    assert np.linalg.norm(x - factorisation.nmf(x, 2, 0).sum(0)) < 0.02 * np.linalg.norm(x)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sources", [1, 2, 4])
@pytest.mark.parametrize("samples", [256, 257, 4_001])
def test_estimates_are_finite_and_as_long_as_the_mixture(name: str, sources: int, samples: int) -> None:
    """Three frames have no four components: what cannot be found is silent."""
    last = answer(name, noise(samples), sources)
    assert last.estimates.shape == (sources, samples)
    assert last.estimates.isfinite().all()
    assert 0 <= last.total <= 1


@pytest.mark.parametrize("name", NAMES)
def test_silence_is_taken_apart_into_silence(name: str) -> None:
    last = answer(name, torch.zeros(2, 3_000), 3)
    assert not last.estimates.any()
    assert not last.total.any()


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_its_mixtures_one_by_one(name: str) -> None:
    mixes = noise(2, 2, 3_000)
    together = answer(name, mixes, 2, seed=1)
    assert together.total.shape == (2, 2)
    for row in range(2):
        for column in range(2):
            alone = answer(name, mixes[row, column], 2, seed=1)
            torch.testing.assert_close(together.estimates[row, column], alone.estimates, rtol=0, atol=0)
            torch.testing.assert_close(together.total[row, column], alone.total, rtol=0, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_a_louder_mixture_only_gives_louder_estimates(name: str) -> None:
    mix = noise(4_000)
    quiet, loud = (answer(name, level * mix, 2).estimates for level in (0.01, 1.0))
    torch.testing.assert_close(100 * quiet, loud, rtol=1e-2, atol=1e-3)


def test_the_seed_decides() -> None:
    mix = noise(4_000)
    for name in NAMES:
        first, again = (answer(name, mix, 2, seed=3).estimates for _ in range(2))
        assert torch.equal(first, again)
    assert not torch.allclose(answer("nmf", mix, 2, seed=4).estimates, answer("nmf", mix, 2).estimates)
    assert answer("nmf", mix, 2, seed=2**40).done


def test_told_to_stop_what_is_left_is_shared_out_equally() -> None:
    mixes, asked = noise(3, 1_000), []
    snapshots = list(
        BASELINES["nmf"].separate(mixes, 2, stop=lambda: bool(asked.append(0)) or len(asked) > 1)
    )
    assert [(shot.step, shot.steps, shot.done) for shot in snapshots] == [(1, 3, True)]
    torch.testing.assert_close(snapshots[-1].estimates[1:], mixes[1:, None].expand(-1, 2, -1) / 2)
    assert torch.equal(snapshots[-1].estimates[0], answer("nmf", mixes[0], 2).estimates)


@pytest.mark.parametrize("samples", [256, 300, 16_384])
def test_the_spectrum_and_its_phase_give_the_mixture_back(samples: int) -> None:
    mix = noise(2, samples)
    spectrum = analyse(mix)
    parts = spectrum.magnitude[:, None] * torch.tensor([0.25, 0.75])[:, None, None]
    torch.testing.assert_close(spectrum.audio(parts).sum(1), mix, rtol=0, atol=1e-5)
