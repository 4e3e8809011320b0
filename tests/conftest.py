"""Shared by all tests: folders of tiny priors and mask networks with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bssdemo import hub, precision
from bssdemo.models.mask import MaskNetwork
from bssdemo.models.spectrogram import SpectrogramMask
from bssdemo.models.wavegan import Generator

TINY = 4  # model size: 90 thousand weights, a millisecond a call
LABELS = {"digit": "spoken digits", "drums": "drum hits", "piano": "piano"}
SOUND_MASKS = {"mask-digit-drums": ["drums", "digit"], "mask-drums-piano-supervised": ["drums", "piano"]}


@pytest.fixture(scope="session")
def tiny_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints digit, drums and piano of model size 4, each with its own random weights."""
    folder = tmp_path_factory.mktemp("checkpoints")
    with torch.random.fork_rng():
        for seed, (name, label) in enumerate(LABELS.items()):
            torch.manual_seed(seed)
            hub.save(folder / name, Generator(model_size=TINY), {"name": name, "label": label})
    return folder


@pytest.fixture(scope="session")
def tiny_sound_masks(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The priors of `tiny_checkpoints`, a random mask network for digit and drums, and its twin for drums and piano."""
    folder = tmp_path_factory.mktemp("sound-masks")
    for prior in tiny_checkpoints.iterdir():
        (folder / prior.name).symlink_to(prior)
    with torch.random.fork_rng():
        for seed, (name, told) in enumerate(SOUND_MASKS.items()):
            torch.manual_seed(seed)
            config = {"name": name, "label": " + ".join(told), "sources": told}
            hub.save(folder / name, SpectrogramMask(width=2), config)
    return folder


@pytest.fixture(autouse=True)
def _float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference precision, whatever this processor can do; bf16 is tested where it is asked for."""
    monkeypatch.setenv(precision.VARIABLE, "float32")


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks the real Hub, whatever the environment of the person who runs it says."""
    monkeypatch.delenv("BSSDEMO_HUB_OWNER", raising=False)


@pytest.fixture(scope="session")
def tiny_masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of mask networks: mask-mnist, its twin trained with true sources, and mask-shoes-bags; all random."""
    folder = tmp_path_factory.mktemp("masks")
    shapes = {"mnist": (1, 32), "mnist-supervised": (1, 32), "shoes-bags": (3, 64)}
    sources = {"mnist": ["digits 5-9", "digits 0-4"], "shoes-bags": ["shoes", "bags"]}
    with torch.random.fork_rng():
        for seed, (name, (channels, size)) in enumerate(shapes.items()):
            torch.manual_seed(seed)
            told = sources[name.removesuffix("-supervised")]
            config = {"name": f"mask-{name}", "label": " + ".join(told), "sources": told}
            hub.save(folder / f"mask-{name}", MaskNetwork(channels, size, width=2), config)
    return folder
