"""Tiny networks, two recordings and a job on them; handlers of the page called as Gradio calls them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bssdemo import audio
from bssdemo.audio.format import SAMPLES
from bssdemo.separation import Job, Networks, Request, networks, prepare, read
from bssdemo.separation.request import SHARED


@pytest.fixture(scope="session")
def loaded(tiny_checkpoints: Path) -> Networks:
    return networks.everything(tiny_checkpoints)


@pytest.fixture(scope="session")
def tone_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exactly one window: two decaying tones."""
    time = torch.arange(SAMPLES) / audio.SAMPLE_RATE
    sound = (torch.sin(2800 * time) + 0.5 * torch.sin(9000 * time)) * torch.exp(-4 * time)
    path = tmp_path_factory.mktemp("sounds") / "tones.wav"
    audio.write_wav(path, 0.4 * sound)
    return path


@pytest.fixture(scope="session")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2.5 s in stereo at 22,050 Hz: tones that begin anew every half second, weaker on the right."""
    time = torch.arange(int(2.5 * 22_050)) / 22_050
    sound = torch.sin(2800 * time) * torch.exp(-6 * (time % 0.5))
    path = tmp_path_factory.mktemp("sounds") / "long.wav"
    audio.write_wav(path, torch.stack([0.5 * sound, 0.2 * sound.roll(30)]), 22_050)
    return path


@pytest.fixture
def order(loaded: Networks) -> Callable[..., Job]:
    """A job of the page: order(file, *sources, **changes of the request)."""

    def ordered(file: Path, *sources: str, **changes: object) -> Job:
        return prepare(read(file), Request(sources, **changes), loaded, SHARED)

    return ordered


@pytest.fixture
def job(order: Callable[..., Job], tone_file: Path) -> Job:
    return order(tone_file, "digit", "piano", steps=12)
