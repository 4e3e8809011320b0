"""The factorisations find sources that are what they assume, and agree with linear algebra."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.decomposition import NMF, FastICA
from torch.nn import functional

from bssdemo.baselines import factorisation
from bssdemo.baselines.spectra import STFT, analyse
from bssdemo.snapshot import Snapshot

NAMES = ("fastica", "pca", "kernelpca", "nmf")


def separate(name: str) -> Callable[..., Iterator[Snapshot]]:
    return factorisation.SEPARATORS[name]


def answer(name: str, mix: torch.Tensor, sources: int, **options: object) -> Snapshot:
    *_, last = separate(name)(mix, sources, **options)
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


def parts(name: str, x: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    *_, (_, last) = getattr(factorisation, name)(x, count, seed)
    return last


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
        found = parts("pca", x, count)
        assert_allclose(found.sum(0), x @ axes[:count].T @ axes[:count], atol=1e-10)
        assert np.linalg.matrix_rank(found[0]) == 1


def test_independent_components_span_what_the_principal_ones_span() -> None:
    """ICA turns the axes within the subspace of PCA."""
    x = matrix()
    independent, principal = parts("fastica", x, 3), parts("pca", x, 3)
    assert_allclose(independent.sum(0), principal.sum(0), atol=1e-8)
    assert not np.allclose(np.sort(independent, 0), np.sort(principal, 0), atol=1e-3)


def test_nmf_in_pieces_is_nmf_at_once() -> None:
    x = matrix()
    options = {"solver": "mu", "beta_loss": "kullback-leibler", "max_iter": factorisation.NMF_STEPS, "tol": 0}
    model = NMF(3, init="random", random_state=5, **options)
    expected = np.einsum("tk,kf->ktf", model.fit_transform(x), model.components_)
    assert_allclose(parts("nmf", x, 3, seed=5), expected, rtol=1e-12, atol=0)


def test_fastica_in_pieces_is_fastica_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it converges: where it does not, the last step's rotation has little to do with the one before it."""
    monkeypatch.setattr(factorisation, "ICA_PIECE", 2)
    x = analyse(tones(3).sum(0)).magnitude.double().numpy()
    x /= np.sqrt((x**2).sum(1).mean())
    model = FastICA(3, whiten="unit-variance", whiten_solver="svd", random_state=5).fit(x)
    expected = np.einsum("tk,kf->ktf", x @ model.components_.T, model.mixing_.T)
    assert factorisation.ICA_PIECE < model.n_iter_ < model.max_iter
    difference = parts("fastica", x, 3, seed=5) - expected
    assert np.linalg.norm(difference) < 1e-3 * np.linalg.norm(expected)  # 60 dB below


def test_one_kernel_component_knows_which_of_two_spectra_sounds() -> None:
    mix = tones(2, taking_turns=True).sum(0)
    assert answer("kernelpca", mix, 1).terms["reconstruction"] < 0.1
    assert answer("nmf", mix, 1).terms["reconstruction"] > 0.4  # one spectrum is not enough


def test_non_negative_factors_explain_what_is_made_of_them() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((40, 2)) ** 4 @ rng.random((2, 30)) ** 4
    assert np.linalg.norm(x - parts("nmf", x, 2).sum(0)) < 0.02 * np.linalg.norm(x)


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
    snapshots = list(separate("nmf")(mixes, 2, stop=lambda: bool(asked.append(0)) or len(asked) > 1))
    piece, steps = factorisation.NMF_PIECE, 3 * factorisation.NMF_STEPS
    assert [(shot.step, shot.steps, shot.done) for shot in snapshots] == [(piece, steps, True)]
    torch.testing.assert_close(snapshots[-1].estimates[1:], mixes[1:, None].expand(-1, 2, -1) / 2)
    first = next(separate("nmf")(mixes[0], 2))
    assert torch.equal(snapshots[-1].estimates[0], first.estimates)


@pytest.mark.parametrize("name", NAMES)
def test_stop_reaches_into_a_single_mixture(name: str) -> None:
    """Before any work the mixture is shared out; afterwards a piece of work is all that is waited for."""
    mix = noise(4_000)
    (untouched,) = separate(name)(mix, 2, stop=lambda: True)
    assert (untouched.step, untouched.done) == (0, True)
    torch.testing.assert_close(untouched.estimates, mix.expand(2, -1) / 2)
    asked = iter([False, True])
    (early,) = separate(name)(mix, 2, stop=lambda: next(asked, True))
    assert early.done
    assert early.step == {"nmf": 20, "kernelpca": 1, "pca": 1}.get(name, early.step)


@pytest.mark.parametrize("name", NAMES)
def test_a_person_who_stops_twenty_seconds_of_noise_is_heard_within_a_second(name: str) -> None:
    began = time.process_time()  # other programs on the machine do not count
    last = answer(name, noise(320_000), 2, stop=lambda: time.process_time() - began > 0.2)
    assert time.process_time() - began < 1.2
    assert last.estimates.isfinite().all()


def test_snapshots_come_while_it_works_and_get_better() -> None:
    shots = list(separate("nmf")(noise(16_384), 2))
    assert [shot.step for shot in shots] == list(range(20, 201, 20))
    assert [shot.done for shot in shots] == [False] * 9 + [True]
    assert shots[0].total > shots[1].total > shots[-1].total


def test_kernel_pca_of_a_long_mixture_fits_some_of_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the frames know both spectra as well as all of them do."""
    mix = tones(2, taking_turns=True).sum(0)
    whole = answer("kernelpca", mix, 1).terms["reconstruction"]
    monkeypatch.setattr(factorisation, "FIT_FRAMES", 64)
    assert answer("kernelpca", mix, 1).terms["reconstruction"] < whole + 0.02


@pytest.mark.parametrize("samples", [256, 300, 16_384])
def test_the_spectrum_and_its_phase_give_the_mixture_back(samples: int) -> None:
    mix = noise(2, samples)
    spectrum = analyse(mix)
    parts = spectrum.magnitude[:, None] * torch.tensor([0.25, 0.75])[:, None, None]
    torch.testing.assert_close(spectrum.audio(parts).sum(1), mix, rtol=0, atol=1e-5)
