"""A recording, the tiny priors, and jobs of a few steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bssdemo.separation import Heard, Job, Networks, Request, networks, prepare, read

Prepare = Callable[..., Job]


def chord(rate: int, channels: int, seconds: float) -> np.ndarray:
    """(samples, channels) of a decaying chord that moves from the first channel to the last."""
    time = np.arange(round(rate * seconds)) / rate
    sound = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220, 331, 777)) * np.exp(-2 * time) / 4
    return np.stack([sound * np.cos((time + k) % 1) for k in range(channels)], 1)


@pytest.fixture(scope="session")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """0.6 s, stereo, 22.05 kHz."""
    file = tmp_path_factory.mktemp("recording") / "chord.flac"
    soundfile.write(file, chord(22_050, 2, 0.6), 22_050)
    return read(file)


@pytest.fixture(scope="session")
def priors(tiny_checkpoints: Path) -> Networks:
    return networks.priors_of(("digit", "drums", "piano"), tiny_checkpoints)


@pytest.fixture
def job(heard: Heard, priors: Networks) -> Prepare:
    """A job of three steps of the search, two sources; other values by name."""

    def made(sources: tuple[str, ...] = ("digit", "piano"), heard: Heard = heard, **options: object) -> Job:
        usual: dict[str, object] = {"steps": 3, "starts": 1} if options.get("method", "gan") == "gan" else {}
        return prepare(heard, Request(sources, **usual | options), priors)  # type: ignore[arg-type]

    return made
