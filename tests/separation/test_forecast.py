from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bssdemo import audio
from bssdemo.search.pgd import PRESETS
from bssdemo.separation import Job, Networks, Request, networks, prepare, read
from bssdemo.separation.forecast import LONGEST_RUN, foretold, longest_run, outputs
from bssdemo.separation.request import SHARED


@pytest.fixture(scope="module")
def loaded(tiny_checkpoints: Path) -> Networks:
    return networks.everything(tiny_checkpoints)


def order(loaded: Networks, folder: Path, seconds: float, *sources: str, **changes: object) -> Job:
    """A job on so many seconds of sound."""
    sound = 0.3 * torch.sin(torch.arange(round(seconds * audio.SAMPLE_RATE)) / 5)
    audio.write_wav(folder / "sound.wav", sound)
    return prepare(read(folder / "sound.wav"), Request(sources, **changes), loaded, SHARED)


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
def test_the_forecast_is_in_round_figures(loaded: Networks, tmp_path: Path, pace: float, words: str) -> None:
    ready = order(loaded, tmp_path, 1.024, "digit", "piano", preset="paper", steps=12)
    assert words in foretold(ready, pace)
    assert "1.0 s of recording, 2 sources" in foretold(ready, pace)


def test_a_longer_recording_may_take_longer(loaded: Networks, tmp_path: Path) -> None:
    short, long = (longest_run(order(loaded, tmp_path, seconds, "digit")) for seconds in (1.024, 2.5))
    assert LONGEST_RUN < short < long
    assert long - short == pytest.approx(10 * (2.5 - 1.024))
