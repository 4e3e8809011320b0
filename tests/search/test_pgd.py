"""Laws of the search: it is a projection, a batch, a repeatable one, and it obeys its caller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from bssdemo.models import Generator
from bssdemo.search import latents
from bssdemo.search.objective import TERMS, Weights, prepare, terms, weighted
from bssdemo.search.pgd import PRESETS, SearchConfig, separate
from bssdemo.snapshot import Snapshot

SHORT = replace(PRESETS["balanced"], steps=6, starts=1, gain="fixed")
SAMPLES = 16_384


def last(snapshots: Iterator[Snapshot]) -> Snapshot:
    *_, answer = snapshots
    return answer


def same(a: Snapshot, b: Snapshot) -> bool:
    return torch.equal(a.estimates, b.estimates) and torch.equal(a.total, b.total)


@pytest.mark.parametrize("preset", ["paper", "reference", "balanced"])
@pytest.mark.parametrize("starts", [1, 3])
def test_one_snapshot_a_step_and_the_last_is_the_best(priors, planted, preset, starts):
    config = replace(PRESETS[preset], steps=8, starts=starts, learning_rate=0.5)
    told = list(separate(planted, priors[:2], config))
    assert [s.step for s in told] == list(range(9))
    assert [s.done for s in told] == [False] * 8 + [True]
    assert all(s.steps == 8 for s in told)
    assert all(a.elapsed <= b.elapsed for a, b in zip(told, told[1:], strict=False))
    shown = torch.stack([s.total for s in told[:-1]])
    assert (told[-1].total <= shown.min(0).values).all()


@pytest.mark.parametrize("preset", ["paper", "reference", "balanced"])
def test_every_snapshot_describes_its_own_estimates(priors, planted, preset):
    config = replace(PRESETS[preset], steps=5, starts=2, learning_rate=0.3)
    target = prepare(planted, config.objective.form)
    for s in separate(planted, priors[:2], config):
        values = terms(target, s.estimates)
        assert tuple(s.terms) == TERMS
        for name in TERMS:
            torch.testing.assert_close(s.terms[name], values[name], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(s.total, weighted(s.terms, config.objective.weights))
        assert not s.total.requires_grad
        assert not s.estimates.requires_grad


def test_an_unbatched_mixture_gives_unbatched_snapshots(priors, planted):
    s = last(separate(planted[0], priors[:2], SHORT))
    assert s.estimates.shape == (2, SAMPLES)
    assert s.total.shape == s.terms["spectral"].shape == ()


@pytest.mark.parametrize("starts", [1, 3])
def test_a_batch_is_its_examples_side_by_side(priors, planted, starts):
    config = replace(SHORT, steps=4, starts=starts)
    together = last(separate(planted, priors[:2], config))
    for row, mix in enumerate(planted):
        alone = last(separate(mix, priors[:2], config))
        torch.testing.assert_close(together.total[row], alone.total, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(together.estimates[row], alone.estimates, rtol=0, atol=1e-2)


@pytest.mark.parametrize("sources", [1, 2, 3])
def test_any_number_of_sources(priors, planted, sources):
    told = list(separate(planted[0], priors[:sources], SHORT))
    assert told[-1].estimates.shape == (sources, SAMPLES)
    assert told[-1].total < told[0].total


@pytest.mark.parametrize(("preset", "left"), [("paper", 0.7), ("balanced", 0.3)])
def test_a_planted_mixture_is_found_again(priors, planted, preset, left):
    config = replace(PRESETS[preset], steps=60, schedule="cosine", learning_rate=0.1, starts=1)
    told = list(separate(planted, priors[:2], config))
    assert (told[-1].terms["spectral"] < left * told[0].terms["spectral"]).all()


def test_the_same_seed_gives_the_same_result(priors, planted):
    config = replace(SHORT, steps=2, starts=3)

    def run(seed: int | None) -> Snapshot:
        draw = None if seed is None else torch.Generator().manual_seed(seed)
        return last(separate(planted, priors[:2], config, generator=draw))

    assert same(run(5), run(5))
    assert same(run(None), run(None))
    assert not same(run(5), run(6))


def test_more_starts_never_end_worse_than_zero_alone(priors, planted):
    one = last(separate(planted, priors[:2], SHORT))
    four = last(separate(planted, priors[:2], replace(SHORT, starts=4)))
    assert (four.total <= one.total + 1e-3).all()
    assert (four.total < one.total - 1e-3).any()


def latents_seen(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """Every z the search evaluates from now on."""
    seen: list[Tensor] = []
    generate = latents.generate

    def watched(z: Tensor, priors: list[Generator], peak_normalise: bool) -> Tensor:
        seen.append(z.detach().clone())
        return generate(z, priors, peak_normalise)

    monkeypatch.setattr(latents, "generate", watched)
    return seen


@pytest.mark.parametrize("bound", [1.0, 0.25, None])
def test_latents_stay_within_the_bound(priors, planted, monkeypatch, bound):
    seen = latents_seen(monkeypatch)
    last(separate(planted, priors[:2], replace(SHORT, learning_rate=0.9, schedule="constant", bound=bound)))
    assert seen[0].eq(0).all()
    reach = max(z.abs().max().item() for z in seen)
    if bound is None:
        assert reach > 1.2
    else:
        assert reach == bound


def test_starts_are_zero_and_points_of_the_cube(priors, planted, monkeypatch):
    seen = latents_seen(monkeypatch)
    next(separate(planted, priors[:2], replace(SHORT, starts=50)))
    first, *others = seen[0].reshape(3, 50, 15)
    assert first[0].eq(0).all()
    assert first[1:].abs().max() <= 1
    assert first[1:].mean().abs() < 0.07
    assert first[1:].var().item() == pytest.approx(1 / 3, rel=0.1)
    assert all(torch.equal(first, other) for other in others)


def test_after_exploring_the_best_start_goes_on_as_if_it_had_been_alone(priors, planted, monkeypatch):
    seen = latents_seen(monkeypatch)
    all_the_way = list(separate(planted, priors[:2], replace(SHORT, starts=4)))
    everywhere = [z.reshape(3, 4, 15) for z in seen]
    seen.clear()
    told = list(separate(planted, priors[:2], replace(SHORT, starts=4, explore=3)))
    assert [len(z) for z in seen] == [12] * 4 + [3] * 4  # the fifth is step 3 again, without the losers
    assert all(same(a, b) for a, b in zip(told[:4], all_the_way[:4], strict=True))
    assert told[-1].done
    for row in range(3):
        gaps = (everywhere[3][row] - seen[4][row]).abs().amax(-1)
        (winner,) = torch.nonzero(gaps == 0)[:, 0].tolist()
        torch.testing.assert_close(seen[-1][row], everywhere[6][row, winner], rtol=0, atol=1e-3)


def test_stop_ends_with_the_best_so_far(priors, planted):
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 3

    told = list(separate(planted, priors[:2], replace(SHORT, learning_rate=0.5), stop=stop))
    assert [s.step for s in told] == [0, 1, 2, 3, 3]
    assert [s.done for s in told] == [False] * 4 + [True]
    assert torch.equal(told[-1].total, torch.stack([s.total for s in told[:-1]]).min(0).values)


def test_stop_before_the_first_step_returns_the_start(priors, planted):
    start, answer = separate(planted, priors[:2], SHORT, stop=lambda: True)
    assert same(start, answer)
    assert answer.done


def test_weights_changed_in_mid_run_steer_the_search(priors, planted):
    first = SHORT.objective.weights
    second = Weights(0.0, 50.0, 0.0, 0.0)
    step = 0

    def weights() -> Weights:
        nonlocal step
        step += 1
        return first if step <= 3 else second

    plain = list(separate(planted, priors[:2], SHORT))
    steered = list(separate(planted, priors[:2], SHORT, weights=weights))
    assert all(same(a, b) for a, b in zip(plain[:4], steered[:4], strict=True))
    assert not same(plain[4], steered[4])
    for s in steered[4:]:
        torch.testing.assert_close(s.total, weighted(s.terms, second))


def test_the_answer_is_the_best_since_the_weights_changed(priors, planted):
    """Totals under the old weights, here far below zero, must not win."""
    old, new = Weights(0.0, 0.0, 100.0, 0.0), SHORT.objective.weights
    asked: list[int] = []

    def weights() -> Weights:
        asked.append(1)
        return old if len(asked) <= 3 else new

    told = list(separate(planted, priors[:2], SHORT, weights=weights))
    torch.testing.assert_close(told[-1].total, weighted(told[-1].terms, new))
    since = torch.stack([weighted(s.terms, new) for s in told[3:]])
    assert torch.equal(told[-1].total, since.min(0).values)


def test_a_prior_that_occurs_twice_runs_once(priors):
    z = torch.rand(2, 6 + 9 + 6, generator=torch.Generator().manual_seed(1))
    calls: list[int] = []
    handle = priors[0].register_forward_hook(lambda *_: calls.append(1))
    together = latents.generate(z, [priors[0], priors[1], priors[0]], False)
    handle.remove()
    assert len(calls) == 1
    apart = [priors[0](z[:, :6]), priors[1](z[:, 6:15]), priors[0](z[:, 15:])]
    torch.testing.assert_close(together, torch.stack(apart, 1))


def test_two_sources_of_one_prior_can_differ(priors, planted):
    """From z = 0 too, where equal latents would have equal gradients for ever."""
    first, *_, answer = separate(planted[0], [priors[0], priors[0]], replace(SHORT, starts=1))
    assert answer.estimates.shape == (2, SAMPLES)

    def difference(estimates):
        return (estimates[0] - estimates[1]).norm() / estimates.norm()

    assert difference(answer.estimates) > 1.3 * difference(first.estimates) > 0


def test_peak_normalised_outputs_peak_at_one(priors):
    z = torch.rand(4, 15, generator=torch.Generator().manual_seed(1))
    peaks = latents.generate(z, priors[:2], True).abs().amax(-1)
    torch.testing.assert_close(peaks, torch.ones(4, 2), rtol=0, atol=0.01)


@pytest.mark.parametrize("peak_normalise", [False, True])
def test_a_mute_prior_is_normalised_to_silence_with_finite_gradients(peak_normalise):
    mute = Generator(model_size=1, latent_size=3)
    for parameter in mute.parameters():
        torch.nn.init.zeros_(parameter)
    z = torch.zeros(1, 3, requires_grad=True)
    audio = latents.generate(z, [mute.freeze()], peak_normalise)
    assert audio.eq(0).all()
    (slope,) = torch.autograd.grad(audio.square().sum() + audio.sum(), z)
    assert torch.isfinite(slope).all()


@pytest.mark.parametrize("preset", ["paper", "reference", "balanced"])
def test_a_silent_mixture_stays_finite(priors, preset):
    config = replace(PRESETS[preset], steps=5, starts=2)
    for s in separate(torch.zeros(2, SAMPLES), priors[:2], config):
        assert torch.isfinite(s.total).all()
        assert torch.isfinite(s.estimates).all()


def test_the_caller_may_turn_gradients_off_between_steps(priors, planted):
    search = separate(planted, priors[:2], SHORT)
    with torch.no_grad():
        quiet = list(search)
    assert torch.is_grad_enabled()
    assert same(quiet[-1], last(separate(planted, priors[:2], SHORT)))


def test_grad_mode_is_the_callers_between_snapshots(priors, planted):
    with torch.no_grad():
        for _ in separate(planted, priors[:2], SHORT):
            assert not torch.is_grad_enabled()
    for _ in separate(planted, priors[:2], SHORT):
        assert torch.is_grad_enabled()


def test_cosine_falls_from_the_full_rate_and_constant_does_not():
    cosine = SearchConfig(SHORT.objective, steps=10, learning_rate=0.2, schedule="cosine")
    rates = [latents.learning_rate(cosine, step) for step in range(10)]
    assert rates[0] == 0.2
    assert rates[5] == pytest.approx(0.1)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0
    assert latents.learning_rate(replace(cosine, schedule="constant"), 9) == 0.2


def test_the_papers_values():
    paper = PRESETS["paper"]
    assert (paper.steps, paper.learning_rate, paper.schedule, paper.bound) == (1000, 0.05, "constant", 1.0)
    assert paper.objective.weights == Weights(0.8, 0.3, 0.1, 0.4)
    assert not paper.peak_normalise
    assert PRESETS["reference"].objective.weights == Weights(0.3, 0.4, 0.1, 0.8)
    assert PRESETS["reference"].peak_normalise


def test_what_cannot_be_searched_is_refused_at_the_call(priors):
    good = torch.zeros(SAMPLES)
    with pytest.raises(ValueError, match="at least one source"):
        separate(good, [])
    with pytest.raises(ValueError, match="16384 samples"):
        separate(torch.zeros(100), priors[:1])
    with pytest.raises(ValueError, match="no mixture"):
        separate(torch.zeros(0, SAMPLES), priors[:1])
    for poison in (float("nan"), float("inf")):
        bad = good.clone()
        bad[7] = poison
        with pytest.raises(ValueError, match="not numbers"):
            separate(bad, priors[:1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"starts": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"bound": 0.0},
        {"explore": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(SHORT, **wrong)
