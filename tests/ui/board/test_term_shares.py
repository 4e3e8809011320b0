from __future__ import annotations

import numpy as np
import pytest
import torch

from bssdemo.audio.format import SAMPLES
from bssdemo.audio.windows import cut
from bssdemo.ui.board import term_shares


def noise(samples: int) -> torch.Tensor:
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("seconds", [0.5, 1.024, 2.5, 12.0])
def test_all_windows_of_a_short_recording_and_evenly_spread_ones_of_a_long(seconds: float) -> None:
    placed = term_shares.place(noise(int(16_000 * seconds))[0], 2, "balanced")
    windows = len(placed.layout.starts)
    if windows <= term_shares.MOST:
        assert list(placed.numbers) == list(range(windows))
    else:
        assert (placed.numbers[0], placed.numbers[-1]) == (0, windows - 1)
        assert len(placed.numbers) == term_shares.MOST
        assert np.ptp(np.diff(placed.numbers)) <= 1


def test_silent_windows_are_not_measured() -> None:
    mono = torch.cat([torch.zeros(3 * SAMPLES), noise(SAMPLES)[0]])
    placed = term_shares.place(mono, 1, "balanced")
    assert all(mono[placed.layout.starts[number] :][:SAMPLES].abs().max() > 0 for number in placed.numbers)


def test_shares_are_the_mean_over_the_windows_at_the_searchs_level() -> None:
    sounds = noise(SAMPLES + 3 * SAMPLES // 4)
    mono = sounds.sum(0)
    both = term_shares.place(mono, 2, "balanced")
    pieces = cut(torch.cat([mono[None], sounds]), both.layout)
    apart = [
        term_shares.place(pieces[0, number], 2, "balanced").shares(pieces[1:, number])
        for number in both.numbers
    ]
    np.testing.assert_allclose(both.shares(sounds), np.mean(apart, 0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        term_shares.place(0.01 * mono, 2, "balanced").shares(0.01 * sounds),
        both.shares(sounds),
        rtol=1e-3,
        atol=1e-4,
    )


def test_windows_that_are_laid_out_already_are_taken() -> None:
    mono = noise(5 * SAMPLES).sum(0)
    own = term_shares.place(mono, 2, "balanced")
    given = term_shares.place(mono, 2, "balanced", own.layout)
    assert given.layout is own.layout
    assert given.numbers == own.numbers
