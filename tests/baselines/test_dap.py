"""Deep Audio Prior: its terms in closed form, and the fit on sounds that never share a frequency."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from bssdemo.baselines.dap import TERMS, DapConfig, drifting, exclusion, measure, separate
from bssdemo.baselines.spectra import STFT, analyse
from bssdemo.models.dap import NoiseDecoder, noise_size

SHORT = DapConfig(steps=3)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def two_bands(samples: int = 4_096) -> torch.Tensor:
    """A low tone in the first half, a high one in the second: (2, samples)."""
    time = torch.arange(samples)
    bins = torch.tensor([[12], [44]])
    loudness = torch.sigmoid(torch.tensor([[-1], [1]]) * (time - samples / 2) / 200)
    return loudness * torch.sin(2 * torch.pi * bins * time / STFT.frame) / 2


def test_a_perfect_separation_costs_nothing() -> None:
    sounds = torch.zeros(2, 24, 32)
    sounds[0, :10, :12], sounds[1, 14:, 20:] = torch.rand(10, 12, generator=generator()), 0.5
    masks = (sounds > 0).float()
    terms = measure(sounds.sum(0).sqrt(), masks, sounds, SHORT)
    assert tuple(terms) == TERMS
    assert terms["reconstruction"] < 1e-2  # the root of EPS
    assert terms["binary"] == 0
    assert terms["empty"] == 0
    assert terms["exclusion"] < 1e-3


def test_terms_have_the_values_of_their_equations() -> None:
    target = torch.rand(9, 8, generator=generator()) + 0.1
    masks, sounds = torch.stack([torch.ones(9, 8), torch.zeros(9, 8)]), torch.ones(2, 9, 8)
    terms = measure(target, masks, sounds, replace(SHORT, share=0.5))
    expected = (1 - target).abs().mean() / target.mean()
    torch.testing.assert_close(terms["reconstruction"], expected, rtol=1e-4, atol=0)
    assert terms["empty"] == pytest.approx(0.5)  # one of two masks holds nothing
    halves = measure(target, torch.full((2, 9, 8), 0.5), sounds, replace(SHORT, share=0.5))
    assert halves["binary"] == pytest.approx(1, rel=1e-4)
    assert halves["empty"] == pytest.approx(0, abs=1e-4)


def test_exclusion_is_symmetric_largest_for_twins_and_nothing_for_one() -> None:
    parts = torch.rand(2, 16, 16, generator=generator())
    target = parts.sum(0)
    there, back = exclusion(target, parts), exclusion(target, parts.flip(0))
    torch.testing.assert_close(there, back)
    assert exclusion(target, parts[:1].expand(2, -1, -1)) > 1.2 * there
    assert exclusion(target, parts[:1]) == 0


def test_gradients_are_finite_where_nothing_sounds() -> None:
    masks, sounds = (torch.zeros(2, 8, 8, requires_grad=True) for _ in range(2))
    sum(measure(torch.zeros(8, 8), masks, sounds, SHORT).values()).backward()
    assert masks.grad is not None
    assert masks.grad.isfinite().all()
    assert sounds.grad is not None
    assert sounds.grad.isfinite().all()


def test_noise_drifts_as_slowly_as_said() -> None:
    noise = drifting(torch.randn(4, 50, 200, 8, generator=generator()), 0.9)
    for lag in (0, 1, 5):
        left, right = noise[..., : 200 - lag, :], noise[..., lag:, :]
        assert (left * right).mean() == pytest.approx(0.9**lag, abs=0.05)


def test_the_network_covers_any_spectrogram() -> None:
    for frames, bins in ((3, 129), (8, 9), (129, 129)):
        t, f = noise_size(frames, bins)
        made = NoiseDecoder(4)(torch.randn(1, 4, t, f, generator=generator()))
        assert made.shape[1] - 8 < frames <= made.shape[1]
        assert made.shape[2] - 8 < bins <= made.shape[2]
        assert 0 < made.min() < made.max() < 1


def test_the_fit_streams_explains_the_mixture_and_tells_two_sounds_apart() -> None:
    refs = two_bands()
    mix = refs.sum(0)
    shots = list(separate(mix, 2, config=DapConfig(steps=100)))
    assert [shot.step for shot in shots] == list(range(1, 101))
    assert [shot.done for shot in shots] == [False] * 99 + [True]
    assert all(before.elapsed <= after.elapsed for before, after in pairwise(shots))
    assert shots[-1].total < 0.05 * shots[0].total

    def energy(parts: torch.Tensor) -> torch.Tensor:
        return analyse(parts).magnitude.square().sum((-2, -1))

    assert energy(mix - shots[-1].estimates.sum(0)) < 0.1 * energy(mix)
    early = (torch.arange(len(mix)) < len(mix) // 2).float()
    share = energy(early * shots[-1].estimates) / energy(
        shots[-1].estimates
    )  # of what sounds in the first half
    assert share.min() < 0.15
    assert share.max() > 0.85


def test_the_seed_decides_and_other_randomness_is_left_alone() -> None:
    mix = two_bands(1_000).sum(0)
    state = torch.random.get_rng_state()
    *_, first = separate(mix, 2, seed=1, config=SHORT)
    *_, again = separate(mix, 2, seed=1, config=SHORT)
    *_, other = separate(mix, 2, seed=2, config=SHORT)
    assert torch.equal(first.estimates, again.estimates)
    assert not torch.allclose(first.estimates, other.estimates)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_batch_is_its_mixtures_one_by_one_and_silence_stays_silent() -> None:
    mixes = torch.stack([two_bands(1_001).sum(0), torch.zeros(1_001), two_bands(1_001)[0]])
    shots = list(separate(mixes, 3, config=SHORT))
    assert [(shot.step, shot.steps) for shot in shots] == [(step, 9) for step in range(1, 10)]
    for row, mix in enumerate(mixes):
        *_, alone = separate(mix, 3, config=SHORT)
        assert torch.equal(shots[-1].estimates[row], alone.estimates)
        assert shots[-1].total[row] == alone.total
    assert not shots[-1].estimates[1].any()
    assert shots[-1].estimates.isfinite().all()


@pytest.mark.parametrize(("samples", "sources"), [(256, 1), (257, 4), (5_000, 2)])
def test_any_length_and_number_of_sources(samples: int, sources: int) -> None:
    with torch.no_grad():  # a caller's setting must not stop the fit
        *_, last = separate(torch.randn(samples, generator=generator()), sources, config=SHORT)
    assert last.estimates.shape == (sources, samples)
    assert last.estimates.isfinite().all()
    assert not last.estimates.requires_grad


def test_told_to_stop_it_answers_with_what_it_has() -> None:
    mixes = two_bands(1_000)
    shots = []
    for shot in separate(mixes, 2, stop=lambda: len(shots) == 4, config=SHORT):
        shots.append(shot)
    assert [(shot.step, shot.done) for shot in shots] == [
        (1, False),
        (2, False),
        (3, False),
        (4, False),
        (5, True),
    ]
    *_, alone = separate(mixes[0], 2, config=SHORT)
    assert torch.equal(shots[-1].estimates[0], alone.estimates)
    untouched = list(separate(mixes, 2, stop=lambda: True, config=SHORT))[-1]
    torch.testing.assert_close(untouched.estimates[1], mixes[1].expand(2, -1) / 2)
