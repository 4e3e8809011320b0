"""A shelf of tiny priors, a mixture and a job on them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bssdemo import audio
from bssdemo.models.wavegan import SAMPLES
from bssdemo.ui import job
from bssdemo.ui.shelf import Shelf, stock


@pytest.fixture(scope="session")
def shelf(tiny_checkpoints: Path) -> Shelf:
    return stock(tiny_checkpoints)


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
def ordered(shelf: Shelf, tone_file: Path) -> job.Job:
    return job.order(tone_file, ["digit", "piano"], shelf, steps=12)
