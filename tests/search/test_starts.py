"""Where searches begin: encoders first, then zero, then random; twins apart; the leash holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from bssdemo.models import Generator, LatentEncoder
from bssdemo.search.latents import first_latents
from bssdemo.search.objective import weighted
from bssdemo.search.pgd import PRESETS, separate
from bssdemo.search.starts import begin, without

SAMPLES = 16_384
SHORT = replace(
    PRESETS["balanced"], steps=6, starts=1, start="encoder", gain="fixed", leash=0.0, explore=None
)


@pytest.fixture(scope="session")
def encoders() -> list[LatentEncoder | None]:
    """For the first two of `priors`; the third has none."""
    with torch.random.fork_rng():
        torch.manual_seed(8)
        made = [LatentEncoder(width=2, latent_size=size).requires_grad_(False) for size in (6, 9)]
        for encoder in made:
            encoder.dense.weight *= 10
        return [*made, None]


def test_encoders_come_first_then_zero_then_random_points(priors, planted, encoders):
    found = begin(planted, priors, encoders, 5, torch.Generator().manual_seed(0))
    assert found.z.shape == (3, 5, 21)
    expected = torch.cat([encoders[0](planted), encoders[1](planted), torch.zeros(3, 6)], 1)
    torch.testing.assert_close(found.z[:, 0], expected)
    assert torch.equal(found.known, torch.tensor([1.0, 1.0, 0.0]))
    assert found.z[:, 1].eq(0).all()
    assert found.z[:, 2:].abs().min(0).values.max() > 0
    assert torch.equal(found.z[0, 2:], found.z[2, 2:])


def test_without_encoders_the_search_begins_at_zero(priors, planted):
    none = [None] * 3
    found = begin(planted, priors, none, 2, None)
    assert found.z[:, 0].eq(0).all()
    assert found.z[:, 1].ne(0).any()
    told = [list(separate(planted, priors[:2], SHORT, encoders=given)) for given in (None, [None, None])]
    for one, other in zip(*told, strict=True):
        assert torch.equal(one.estimates, other.estimates)


def test_random_points_alone_and_each_examples_own(priors, planted):
    def seeded(*seeds: int) -> list[torch.Generator]:
        return [torch.Generator().manual_seed(seed) for seed in seeds]

    none = [None] * 3
    found = begin(planted, priors, none, 2, seeded(0, 1, 2), first="random").z
    assert found.shape == (3, 2, 21)
    assert found.abs().amax(-1).min() > 0.5
    assert found.abs().max() <= 1
    assert found.flatten(0, 1).unique(dim=0).shape == (6, 21)  # every example's are its own
    alone = begin(planted[1:2], priors, none, 2, seeded(1), first="random").z
    assert torch.equal(found[1:2], alone)
    behind_zero = begin(planted, priors, none, 3, seeded(0, 1, 2)).z
    assert behind_zero[:, 0].eq(0).all()
    assert torch.equal(behind_zero[:, 1:], found)


def test_start_random_is_somewhere_else_and_as_the_generator_says(priors, planted):
    config = replace(SHORT, start="random")

    def first(seed: int) -> Tensor:
        given = torch.Generator().manual_seed(seed)
        return next(separate(planted, priors[:2], config, generator=given)).estimates

    zero = next(separate(planted, priors[:2], replace(SHORT, start="zeros"))).estimates
    assert torch.equal(first(3), first(3))
    assert not torch.allclose(first(3), first(4))
    assert not torch.allclose(first(3), zero)


def test_the_first_snapshot_is_what_the_encoders_say(priors, planted, encoders):
    first = next(separate(planted, priors[:2], SHORT, encoders=encoders[:2]))
    for k in range(2):
        torch.testing.assert_close(first.estimates[:, k], priors[k](encoders[k](planted)))


def test_a_search_from_the_encoders_is_a_batch_of_its_examples(priors, planted, encoders):
    config = replace(SHORT, starts=3, leash=0.5, gain="estimated")
    *_, together = separate(planted, priors[:2], config, encoders=encoders[:2])
    for row, mix in enumerate(planted):
        *_, alone = separate(mix, priors[:2], config, encoders=encoders[:2])
        torch.testing.assert_close(together.total[row], alone.total, rtol=2e-3, atol=1e-4)


def test_the_leash_is_a_part_of_the_total_and_holds(priors, planted, encoders):
    """R = sum over sources of mean((z - z_start)^2), equation 1; the stronger, the nearer."""

    def moved(leash: float) -> tuple[Tensor, Tensor]:
        config = replace(SHORT, steps=20, leash=leash)
        first, *_, last = separate(planted, priors[:2], config, encoders=encoders[:2])
        assert last.leash is not None
        torch.testing.assert_close(last.total, weighted(last.terms, config.objective.weights) + last.leash)
        assert first.leash is not None
        assert first.leash.eq(0).all()
        return (last.estimates - first.estimates).norm(), last.leash

    free, none = moved(0.0)
    some, pull = moved(1.0)
    tight, _ = moved(1000.0)
    assert none.eq(0).all()
    assert (pull > 0).all()
    assert free > some > tight


def test_every_start_is_leashed_to_the_encoders_answer(priors, planted, encoders):
    """One objective, several beginnings: at z = 0 the regulariser is already there."""
    found = begin(planted[:1], priors[:2], encoders[:2], 1, None)
    z = found.z[0, 0].split([6, 9])
    expected = 3.0 * sum(part.square().mean() for part in z)
    config = replace(SHORT, starts=2, leash=3.0)
    points = begin(planted[:1], priors[:2], encoders[:2], 2, None)
    distance = 3.0 * first_latents(planted[:1], points, priors[:2], config).distance()
    torch.testing.assert_close(distance, torch.stack([torch.zeros(()), expected]))


@pytest.mark.parametrize("known", [True, False])
def test_the_same_prior_twice_begins_with_two_sounds(priors, planted, encoders, known):
    given = [encoders[0], encoders[0]] if known else [None, None]
    found = begin(planted, [priors[0], priors[0]], given, 1, None)
    one, other = found.z[:, 0].split(6, 1)
    assert ((one - other).abs().amax(1) > 0.01).all()


def test_taking_a_sound_away_leaves_the_rest_of_the_mixture():
    seconds = torch.arange(SAMPLES) / 16_000
    low, high = (torch.sin(2 * torch.pi * f * seconds)[None] for f in (300.0, 3000.0))
    rest = without(low + high, 0.5 * low)  # at any level
    inside = slice(600, -600)  # frames at the ends hold reflections
    torch.testing.assert_close(rest[:, inside], high[:, inside], rtol=0, atol=0.03)
    torch.testing.assert_close(without(low, torch.zeros_like(low)), low, rtol=0, atol=1e-4)


def test_encoders_that_do_not_match_are_refused(priors, planted, encoders):
    with pytest.raises(ValueError, match="one encoder"):
        separate(planted, priors[:2], SHORT, encoders=encoders[:1])
    with pytest.raises(ValueError, match="another prior"):
        separate(planted, priors[:2], SHORT, encoders=encoders[1::-1])
    with pytest.raises(ValueError, match="leash"):
        replace(SHORT, leash=-1.0)


def test_a_mixture_without_sound_has_a_finite_start(priors: list[Generator], encoders):
    config = replace(SHORT, starts=2, gain="estimated", leash=1.0)
    for snapshot in separate(torch.zeros(2, SAMPLES), priors[:2], config, encoders=encoders[:2]):
        assert torch.isfinite(snapshot.total).all()
        assert torch.isfinite(snapshot.estimates).all()


def test_a_search_from_zero_is_pulled_to_what_the_encoders_hear(priors, planted, encoders):
    """Equation 1's R: begun at nothing, a strong leash ends where the encoders' answer is."""
    config = replace(SHORT, start="zeros", leash=1e4, steps=40, learning_rate=0.1, schedule="cosine")
    told = list(separate(planted, priors[:2], config, encoders=encoders[:2]))
    nothing = next(separate(planted, priors[:2], replace(config, leash=0.0)))
    assert torch.equal(told[0].estimates, nothing.estimates)
    answer = next(separate(planted, priors[:2], replace(config, start="encoder"), encoders=encoders[:2]))
    far = (told[0].estimates - answer.estimates).square().sum()
    near = (told[-1].estimates - answer.estimates).square().sum()
    assert near < 0.01 * far


def test_without_a_leash_a_search_from_zero_asks_no_encoder(priors, planted, encoders):
    config = replace(SHORT, start="zeros", leash=0.0)
    told = [list(separate(planted, priors[:2], config, encoders=given)) for given in (encoders[:2], None)]
    for one, other in zip(*told, strict=True):
        assert torch.equal(one.estimates, other.estimates)


def test_gains_of_a_search_from_zero_are_those_of_the_anchor(priors, planted, encoders):
    config = replace(SHORT, start="zeros", leash=1.0, gain="estimated")
    begun = next(separate(planted, priors[:2], config, encoders=encoders[:2]))
    answer = next(separate(planted, priors[:2], replace(config, start="encoder"), encoders=encoders[:2]))
    torch.testing.assert_close(begun.gains, answer.gains)


def test_the_pull_may_be_let_go_in_mid_run(priors, planted, encoders):
    """With R's weight set to 0 by hand the search goes on as one that has no leash."""
    config = replace(SHORT, start="encoder", leash=1e4, steps=12)
    free = replace(config.objective.weights, leash=0.0)
    held, loose = (
        list(separate(planted, priors[:2], config, encoders=encoders[:2], weights=given))
        for given in (None, lambda: free)
    )
    begun = held[0].estimates
    moved = [(told[-2].estimates - begun).square().sum() for told in (held, loose)]
    assert moved[1] > 10 * moved[0]
    assert loose[-1].leash.eq(0).all()
    assert (loose[-1].total <= loose[0].total).all()
