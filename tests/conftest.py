"""Shared by all tests: a folder of tiny priors with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bssdemo import hub, precision
from bssdemo.models.wavegan import Generator

TINY = 4  # model size: 90 thousand weights, a millisecond a call
LABELS = {"digit": "spoken digits", "drums": "drum hits", "piano": "piano"}


@pytest.fixture(scope="session")
def tiny_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints digit, drums and piano of model size 4, each with its own random weights."""
    folder = tmp_path_factory.mktemp("checkpoints")
    with torch.random.fork_rng():
        for seed, (name, label) in enumerate(LABELS.items()):
            torch.manual_seed(seed)
            hub.save(folder / name, Generator(model_size=TINY), {"name": name, "label": label})
    return folder


@pytest.fixture(autouse=True)
def _float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference precision, whatever this processor can do; bf16 is tested where it is asked for."""
    monkeypatch.setenv(precision.VARIABLE, "float32")


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks the real Hub, whatever the environment of the person who runs it says."""
    monkeypatch.delenv("BSSDEMO_HUB_OWNER", raising=False)
