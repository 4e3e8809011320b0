from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bssdemo.search.pgd import PRESETS
from bssdemo.ui import job
from bssdemo.ui.pace import foretold, outputs
from bssdemo.ui.shelf import Shelf, warm_up

ONE_START = replace(PRESETS["paper"], steps=10)


def test_outputs_are_counted_over_steps_starts_windows_and_sources() -> None:
    assert outputs(ONE_START, 1, 2) == 10 * 2
    assert outputs(replace(ONE_START, starts=3), 1, 2) == 10 * 2 * 3
    assert outputs(replace(ONE_START, starts=3, explore=4), 1, 2) == 2 * (3 * 4 + 6)
    assert outputs(ONE_START, 5, 1) == 10 * 5


@pytest.mark.parametrize(
    ("pace", "words"),
    [(0.01, "about 1 s of"), (0.29, "about 7 s of"), (1.0, "about 25 s of"), (5.5, "3 minutes of")],
)
def test_the_forecast_is_in_round_figures(shelf: Shelf, tone_file: Path, pace: float, words: str) -> None:
    ready = job.order(tone_file, ["digit", "piano"], shelf, "paper", steps=12)
    assert words in foretold(ready, pace)
    assert "1.0 s of recording, 2 sources" in foretold(ready, pace)


def test_warming_up_measures_this_machine(shelf: Shelf) -> None:
    assert 0 < warm_up(shelf).pace != shelf.pace
