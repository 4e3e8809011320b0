"""Shared by all tests: tiny priors and mask networks with random weights, and toy recordings and pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import settings

from bssdemo.audio.format import SAMPLES
from bssdemo.checkpoints import hub
from bssdemo.machine import precision
from bssdemo.models.mask import MaskNetwork
from bssdemo.models.spectrogram import SpectrogramMask
from bssdemo.models.wavegan import Generator

settings.register_profile("shared machine", deadline=None)  # a busy core is no fault of an example's
settings.load_profile("shared machine")

TINY = 4  # model size: 90 thousand weights, a millisecond a call
LABELS = {"digit": "spoken digits", "drums": "drum hits", "piano": "piano"}
LOWEST = {"digit": 200.0, "drums": 500.0, "piano": 1000.0}  # Hz; file k of a source is 10 k higher
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
            config |= {"supervised": True} if name.endswith("-supervised") else {}
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
            config |= {"supervised": True} if name.endswith("-supervised") else {}
            hub.save(folder / f"mask-{name}", MaskNetwork(channels, size, width=2), config)
    return folder


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mnist.npz with 40 training pictures per kind (0: a row, 5: a column), shoes_bags.npz with 20 and 10."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 80), ("test", 24)):
        images = np.zeros((count, 28, 28), dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 2 * 5
        for image, label in zip(images, labels, strict=True):
            place = random.integers(4, 22)
            image[(slice(None), slice(place, place + 3)) if label else slice(place, place + 3)] = 255
        arrays |= {split: images, f"{split}_label": labels}
    np.savez(folder / "mnist.npz", **arrays)
    shapes = {"shoes_train": 20, "bags_train": 10, "shoes_test": 4, "bags_test": 3}
    colour = {k: random.integers(0, 256, (n, 64, 64, 3), dtype=np.uint8) for k, n in shapes.items()}
    np.savez(folder / "shoes_bags.npz", **colour)
    return folder


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 decaying tones per source at different levels; every twelfth file is of the test split."""
    folder = tmp_path_factory.mktemp("tones")
    time = np.arange(SAMPLES) / 16_000
    for name, lowest in LOWEST.items():
        (folder / name).mkdir()
        for k in range(24):
            tone = (
                (0.1 + 0.03 * k) * np.sin(2 * np.pi * (lowest + 10 * k) * time) * np.exp(-time * (1 + k % 5))
            )
            soundfile.write(folder / name / f"{k:02d}.wav", tone, 16_000)
    return folder
