"""The sliders and what is measured of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bssdemo.bench.sliders import SAME, Moved, alike, tabled
from bssdemo.search.pgd import PRESETS
from bssdemo.search.sliders import MOST, NAMES, positions, slider_at, weights_at


@pytest.mark.parametrize("preset", PRESETS)
def test_where_the_sliders_stand_is_what_acts(preset: str) -> None:
    config = PRESETS[preset]
    stand = positions(config)
    acts = weights_at(*stand)
    assert acts.leash == config.leash
    assert [slider_at(acts, at) for at in range(len(NAMES))] == pytest.approx(list(stand))
    assert slider_at(config.objective.weights, len(NAMES) - 1) == 1.0, "no pull of its own: the default's"


def test_the_pull_reaches_from_nothing_to_more_than_the_default() -> None:
    assert weights_at(0, 0, 0, 0, 0).leash == 0
    assert weights_at(0, 0, 0, 0, MOST).leash > 10 * PRESETS["balanced"].leash


def test_likeness_is_the_ratio_of_energies_in_decibels() -> None:
    stem = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    moved = stem + torch.tensor([[0.5, 0.0], [0.0, 0.0]])
    assert alike(stem, moved).tolist() == pytest.approx([20.0, SAME])


def test_a_table_has_a_row_for_every_end() -> None:
    found = [
        Moved("pull", end, np.full(3, 12.34), np.full(3, change)) for end, change in ((0.0, -1.5), (2.0, 0.0))
    ]
    lines = tabled(("digit", "piano"), found).splitlines()
    assert len(lines) == 4
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        "pull",
        "0",
        "12.3",
        "-1.50 [-1.50, -1.50]",
    ]
