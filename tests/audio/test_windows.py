"""Cut and joined again, a signal is what it was; and windows begin where sounds do."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bssdemo.audio import onsets, windows
from bssdemo.audio.windows import HOP, LEAD_IN, Layout, cut, join, lay_out

LENGTH = 16_384


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def hits(samples: int, places: list[int]) -> torch.Tensor:
    """Decaying bursts of noise over a faint hiss."""
    burst = noise(4_000) * torch.exp(-torch.arange(4_000) / 800)
    sound = 1e-3 * noise(samples)
    for place in places:
        sound[place : place + 4_000] += burst[: samples - place]
    return sound


@given(samples=st.integers(1, 100_000))
@settings(deadline=None, max_examples=25)
def test_joining_the_windows_of_a_signal_gives_the_signal_back(samples: int) -> None:
    x = noise(2, samples)
    layout = lay_out(x[0], LENGTH)
    pieces = cut(x, layout)
    assert pieces.shape == (2, len(layout.starts), LENGTH)
    torch.testing.assert_close(join(pieces, layout), x, rtol=0, atol=1e-6)


@given(samples=st.integers(LENGTH + 1, 150_000), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=25)
def test_windows_cover_the_recording_and_are_neither_crowded_nor_far_apart(samples: int, seed: int) -> None:
    places = torch.randint(samples, (samples // 6_000,), generator=torch.Generator().manual_seed(seed))
    layout = lay_out(hits(samples, places.tolist()), LENGTH)
    steps = np.diff(layout.starts)
    assert layout.starts[0] == 0
    assert layout.starts[-1] < samples <= layout.starts[-1] + LENGTH
    assert steps.max() <= windows.LONGEST * LENGTH
    assert (steps[1:] >= windows.SHORTEST * LENGTH).all()
    assert len(layout.starts) <= 3 + samples / (windows.SHORTEST * LENGTH)


def test_the_placement_is_the_best_of_all() -> None:
    """Against every placement tried out."""
    gain = np.random.default_rng(0).uniform(-1, 1, 14)
    first, shortest, longest = 9, 3, 5

    def allowed(places: tuple[int, ...]) -> bool:
        steps = np.diff(places)
        later = steps[1:]
        return places[-1] >= first and (steps <= longest).all() and (later >= shortest).all()

    every = [(0, *rest) for size in range(1, 5) for rest in itertools.combinations(range(1, 14), size)]
    best = max(sum(gain[list(places[1:])]) for places in every if allowed(places))
    found = windows._best_places(gain, first, shortest, longest)
    assert allowed(tuple(found))
    assert sum(gain[found[1:]]) == pytest.approx(best)


def test_windows_begin_just_before_the_sounds() -> None:
    places = [5_000, 17_000, 29_500, 42_000, 60_000]
    layout = lay_out(hits(80_000, places), LENGTH)
    for place in places:
        lead = min((place - start for start in layout.starts if start <= place), default=LENGTH)
        assert LEAD_IN - 2 * HOP <= lead <= LEAD_IN + 2 * HOP


def test_a_steady_sound_needs_as_few_windows_as_cover_it() -> None:
    tone = torch.sin(torch.arange(80_000) / 7)
    assert len(lay_out(tone, LENGTH).starts) <= 2 + round((80_000 - LENGTH) / (windows.LONGEST * LENGTH))


def test_the_level_of_a_recording_does_not_move_its_windows() -> None:
    sound = hits(80_000, [5_000, 17_000, 42_000])
    assert lay_out(sound, LENGTH) == lay_out(0.25 * sound, LENGTH)


@pytest.mark.parametrize("samples", [LENGTH, 900, 1])
def test_a_recording_of_up_to_one_window_is_one_and_the_rest_is_zeros(samples: int) -> None:
    x = noise(samples)
    layout = lay_out(x, LENGTH)
    (piece,) = cut(x, layout)
    assert torch.equal(piece[:samples], x)
    assert not piece[samples:].any()
    assert torch.equal(join(piece[None], layout), x)


def test_windows_that_disagree_are_faded_into_each_other() -> None:
    """One window of ones and one of zeros: a fall from 1 to 0 in small steps, where the second begins."""
    layout = Layout(112, 64, 16, (0, 48))
    y = join(torch.stack([torch.ones(64), torch.zeros(64)]), layout)
    assert y[:48].eq(1).all()
    assert y[64:].eq(0).all()
    fall = y[47:65].diff()
    assert (fall <= 0).all()
    assert fall.abs().max() < 0.11  # a sine's steepest step: pi / 2 / 16
    torch.testing.assert_close(y[48:64] + y[48:64].flip(0), torch.ones(16))


def test_onsets_lie_where_bursts_begin_and_silence_has_none() -> None:
    places = [5_000, 17_000, 42_000]
    found = onsets.strength(hits(60_000, places))
    strongest = found.topk(3).indices.sort().values * HOP
    assert (strongest - torch.tensor(places)).abs().max() <= 2 * HOP
    assert found[found > 0].mean().item() == pytest.approx(1, abs=1e-3)
    assert onsets.strength(torch.zeros(20_000)).eq(0).all()


def test_nothing_cannot_be_cut() -> None:
    with pytest.raises(ValueError, match="no samples"):
        lay_out(torch.zeros(0), LENGTH)
