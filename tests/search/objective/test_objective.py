"""Laws that hold for every form of the objective."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bssdemo.search.objective import TERMS, Weights, prepare, shares, terms, weighted

FORMS = ["paper", "reference", "balanced"]
SAMPLES = 16_384
BINS = 127 * 129


def sounds(*shape: int, seed: int = 0) -> Tensor:
    """Noise under a slow envelope of its own: gradients that differ, everywhere audible."""
    draw = torch.Generator().manual_seed(seed)
    noise = torch.randn(*shape, SAMPLES, generator=draw)
    rate = 2 + 6 * torch.rand(*shape, 1, generator=draw)
    return 0.1 * noise * (1.1 + torch.sin(rate * torch.linspace(0, 6.3, SAMPLES)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sources", [1, 2, 3])
def test_explaining_the_mixture_exactly_costs_nothing_in_L_ms(form, sources):
    clips = sounds(2, sources)
    values = terms(prepare(clips.sum(1), form), clips)
    assert tuple(values) == TERMS
    torch.testing.assert_close(values["spectral"], torch.zeros(2), atol=0.02, rtol=0)


@pytest.mark.parametrize(("form", "expected"), [("paper", BINS), ("reference", 127), ("balanced", 0)])
def test_L_fc_of_the_mixture_itself_counts_bins_frames_or_nothing(form, expected):
    mix = sounds(2)
    values = terms(prepare(mix, form), mix[:, None])
    torch.testing.assert_close(values["frequency"], torch.full((2,), float(expected)))


@pytest.mark.parametrize("form", FORMS)
def test_wrong_sources_cost_more_than_the_right_ones(form):
    clips = sounds(2, 2)
    target = prepare(clips.sum(1), form)
    right, wrong = terms(target, clips), terms(target, 0.3 * sounds(2, 2, seed=9))
    assert (wrong["spectral"] > right["spectral"] + 0.01).all()
    assert (wrong["coherence"] > right["coherence"]).all()


@pytest.mark.parametrize("form", ["paper", "balanced"])
def test_the_order_of_the_sources_does_not_matter(form):
    clips = sounds(2, 3)
    target = prepare(clips.sum(1) + sounds(2, seed=5), form)
    values, permuted = terms(target, clips), terms(target, clips[:, [2, 0, 1]])
    for name in TERMS:
        torch.testing.assert_close(values[name], permuted[name], rtol=1e-4, atol=1e-5)


def test_the_order_matters_to_the_reference_only_in_dissociation():
    clips = sounds(2, 2) * torch.tensor([1.0, 0.2])[:, None]
    target = prepare(clips.sum(1) + sounds(2, seed=5), "reference")
    values, permuted = terms(target, clips), terms(target, clips[:, [1, 0]])
    for name in ("spectral", "coherence", "frequency"):
        torch.testing.assert_close(values[name], permuted[name], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(values["dissociation"], permuted["dissociation"], rtol=1e-3)


@pytest.mark.parametrize("form", FORMS)
def test_an_example_has_the_same_value_in_any_batch(form):
    clips, mix = sounds(3, 2), sounds(3, seed=7)
    mix[1] *= 20
    together = terms(prepare(mix, form), clips)
    for row in range(3):
        alone = terms(prepare(mix[row : row + 1], form), clips[row : row + 1])
        for name in TERMS:
            torch.testing.assert_close(together[name][row : row + 1], alone[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_one_source_has_nothing_to_be_dissociated_from(form):
    clips = sounds(2, 1)
    target = prepare(sounds(2, seed=3), form)
    assert terms(target, clips)["dissociation"].eq(0).all()
    assert shares(target, clips)["dissociation"].eq(0).all()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("silent", ["mixture", "sources", "one source", "both"])
def test_gradients_are_finite_on_silence(form, silent):
    mix = torch.zeros(2, SAMPLES) if silent in ("mixture", "both") else sounds(2)
    clips = torch.zeros(2, 2, SAMPLES) if silent in ("sources", "both") else sounds(2, 2, seed=2)
    if silent == "one source":
        clips[:, 0] = 0
    clips.requires_grad_()
    values = terms(prepare(mix, form), clips)
    for name in TERMS:
        (slope,) = torch.autograd.grad(values[name].sum(), clips, retain_graph=True)
        assert torch.isfinite(values[name]).all(), name
        assert torch.isfinite(slope).all(), name


@pytest.mark.parametrize("form", FORMS)
def test_gradients_are_those_of_finite_differences(form):
    clips = sounds(1, 2).double().requires_grad_()
    direction = sounds(1, 2, seed=8).double()
    target = prepare(sounds(1, seed=4).double(), form)

    def total(x: Tensor) -> Tensor:
        return weighted(terms(target, x), Weights(1.0, 100.0, 100.0, 1.0)).sum()

    (slope,) = torch.autograd.grad(total(clips), clips)
    step = 1e-6
    with torch.no_grad():
        rise = (total(clips + step * direction) - total(clips - step * direction)) / (2 * step)
    torch.testing.assert_close((slope * direction).sum(), rise, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sources", [1, 2, 3])
def test_shares_add_up_to_the_term(form, sources):
    clips = sounds(2, sources)
    clips[1, 0] = 0
    target = prepare(sounds(2, seed=6), form)
    values, split = terms(target, clips), shares(target, clips)
    for name in TERMS:
        assert split[name].shape == (2, sources)
        torch.testing.assert_close(split[name].sum(1), values[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_a_silent_source_has_no_share_and_twins_have_equal_ones(form):
    clip = sounds(1)
    target = prepare(sounds(1, seed=6), form)
    beside_silence = shares(target, torch.stack([clip, torch.zeros_like(clip)], 1))
    twins = shares(target, torch.stack([clip, clip], 1))
    for name in ("spectral", "coherence", "frequency"):
        assert beside_silence[name][0, 1].abs() < 0.01 * beside_silence[name][0, 0].abs()
        torch.testing.assert_close(twins[name][0, 0], twins[name][0, 1])


def test_the_total_is_linear_in_the_weights():
    values = terms(prepare(sounds(2), "paper"), sounds(2, 2, seed=1))
    for name in TERMS:
        only = Weights(**{other: 3.0 if other == name else 0.0 for other in TERMS})
        torch.testing.assert_close(weighted(values, only), 3 * values[name])
    a, b = Weights(1.0, 2.0, 3.0, 4.0), Weights(5.0, 6.0, 7.0, 8.0)
    both = Weights(6.0, 8.0, 10.0, 12.0)
    torch.testing.assert_close(weighted(values, a) + weighted(values, b), weighted(values, both))
