"""Mask networks as checkpoints: the second kind, kept apart from the sounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from bssdemo.checkpoints import disk, download, hub
from bssdemo.checkpoints.hub import CheckpointError
from bssdemo.commands import main
from bssdemo.models import Generator, LatentEncoder
from bssdemo.models.mask import MaskNetwork

CONFIG = {"name": "mask-mnist", "label": "digits", "sources": ["digits 0-4", "digits 5-9"]}


def trained(seed: int = 0) -> MaskNetwork:
    """Random weights and batch-norm statistics that are not the initial ones."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = MaskNetwork(width=2)
        network(torch.rand(8, 1, 32, 32))
    return network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mask network and a prior side by side."""
    hub.save(tmp_path / "all" / "mask-mnist", trained(), CONFIG)
    with torch.random.fork_rng():
        hub.save(
            tmp_path / "all" / "flute",
            Generator(model_size=2, latent_size=4),
            {"name": "flute", "label": "f"},
        )
    return tmp_path / "all"


def test_what_is_loaded_unmixes_as_what_was_saved(folder: Path) -> None:
    loaded = hub.load_any("mask-mnist", folder)
    assert isinstance(loaded, hub.Unmixer)
    assert (loaded.name, loaded.label, loaded.sources) == (
        "mask-mnist",
        "digits",
        ("digits 0-4", "digits 5-9"),
    )
    assert not loaded.network.training
    assert not any(parameter.requires_grad for parameter in loaded.network.parameters())
    mixture = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(loaded.network(mixture), trained().freeze()(mixture), atol=3e-3, rtol=0)
    assert hub.load_unmixer("mask-mnist", folder).network is loaded.network


def test_the_two_kinds_are_listed_and_loaded_apart(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sounds = {one.name for one in hub.available(folder)}
    pictures = {one.name for one in hub.available(folder, disk.MASK)}
    assert "flute" in sounds
    assert "mask-mnist" in pictures
    assert not sounds & pictures
    with pytest.raises(CheckpointError, match="'mask-mnist' unmixes pictures"):
        hub.load("mask-mnist", folder)
    with pytest.raises(CheckpointError, match="'flute' is a kind of sound"):
        hub.load_unmixer("flute", folder)
    assert main.main(["sources", "--checkpoints", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "flute" in out
    assert "mask-" not in out


def test_an_unknown_mask_network_is_told_with_what_there_is(folder: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"no source called 'mask-cats'; available: .*mask-mnist"
    ) as error:
        hub.load_any("mask-cats", folder)
    assert "flute" not in str(error.value)


def test_the_hub_lists_mask_networks_as_pictures_only(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv(download.OWNER_VARIABLE, "somebody")
    monkeypatch.setattr(download, "REVISIONS", {"digit": "v1", "mask-new": "v1"})
    assert "mask-new" not in {one.name for one in hub.available()}
    assert {(o.name, o.origin) for o in hub.available(None, disk.MASK)} >= {("mask-new", "hub")}


def test_without_any_mask_network_the_error_tells_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hub, "BUNDLED", tmp_path)
    with pytest.raises(
        CheckpointError, match=r"available: none; docs/guide/unmix\.md tells how to train one"
    ):
        hub.load_unmixer("mask-mnist")


def test_an_encoder_beside_a_mask_network_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="its kind has none"):
        hub.save(tmp_path / "mask-mnist", trained(), CONFIG, LatentEncoder(width=2))
    assert not (tmp_path / "mask-mnist").exists()


Config = dict[str, Any]
BROKEN: dict[str, Callable[[Config], Config]] = {
    "lacks width": lambda c: {k: v for k, v in c.items() if k != "width"},
    "sources is None": lambda c: {k: v for k, v in c.items() if k != "sources"},
    "it must be a list of two texts": lambda c: {**c, "sources": ["a", "b", "c"]},
    "size is 4096": lambda c: {**c, "size": 4096},
    "lacks bounded": lambda c: {k: v for k, v in c.items() if k != "bounded"},
    "bounded is 1": lambda c: {**c, "bounded": 1},
    "its kind has none": lambda c: {**c, "encoder": {"width": 2}},
    "levels is 0": lambda c: {**c, "levels": 0},
    "multiple of 16, got 40": lambda c: {**c, "size": 40},
    "lacks model_size": lambda c: {**c, "kind": "wavegan-generator", "sample_rate": 16000, "samples": 16384},
    "does not fit its config.json": lambda c: {**c, "levels": 3},
    "has shape": lambda c: {**c, "width": 3},
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_wrong_config_is_refused_naming_file_and_cause(folder: Path, reason: str) -> None:
    file = folder / "mask-mnist" / "config.json"
    file.write_text(json.dumps(BROKEN[reason](json.loads(file.read_text()))))
    with pytest.raises(CheckpointError) as error:
        hub.load_any("mask-mnist", folder)
    assert str(file.parent) in str(error.value)
    assert reason in str(error.value)
    assert "train this checkpoint again" in str(error.value)
    assert "mask-mnist" not in {one.name for one in hub.available(folder)}, "never a sound, even when damaged"


def test_the_config_the_interface_promises(folder: Path) -> None:
    config = disk.read_config(folder / "mask-mnist")
    assert config.pop("sha256").keys() == {"model.safetensors"}
    assert config == {
        "kind": "mask-network", **CONFIG, "channels": 1, "size": 32, "width": 2, "levels": 4,
        "bounded": True,
    }  # fmt: skip
