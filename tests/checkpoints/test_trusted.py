"""A checkpoint is trusted by its checksums; a damaged one or a slow Hub leaves the bundled one at work."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from bssdemo.checkpoints import disk, download, hub
from bssdemo.checkpoints.hub import CheckpointError
from bssdemo.commands.main import main
from bssdemo.models import Generator
from bssdemo.separation import networks
from tests.checkpoints.loopback import COMMIT, LoopbackHub

Visit = Callable[..., dict[str, Any]]


def load_within(name: str, folder: Path, seconds: float = 10) -> str:
    """What `hub.load` refuses with, from a thread that a pipe may hold for ever."""
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(CheckpointError) as error:
            hub.load(name, folder)
        told.append(str(error.value))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    assert told, "it hangs"
    return told[0]


# --- checksums


def test_weights_of_another_kind_are_refused(checkpoints: Path) -> None:
    shutil.copy(checkpoints / "drums/model.safetensors", checkpoints / "digit/model.safetensors")
    with pytest.raises(CheckpointError, match=r"digit/model\.safetensors: its SHA-256 is not the one"):
        hub.load("digit", checkpoints)


def test_a_single_flipped_bit_is_refused(checkpoints: Path) -> None:
    file = checkpoints / "digit/model.safetensors"
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="its SHA-256"):
        hub.load("digit", checkpoints)


@pytest.mark.parametrize("digests", [{}, 3, {"model.safetensors": "abc"}, {"other": "0" * 64}])
def test_checksums_that_are_none_are_refused(checkpoints: Path, digests: object) -> None:
    file = checkpoints / "digit/config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "sha256": digests}))
    with pytest.raises(CheckpointError, match=r"config\.json: sha256 must hold"):
        hub.load("digit", checkpoints)


def test_an_older_checkpoint_without_checksums_loads_and_can_be_sealed(
    checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = checkpoints / "digit/config.json"
    config = json.loads(file.read_text())
    sealed = config.pop("sha256")
    file.write_text(json.dumps(config))
    assert "sha256" not in hub.load("digit", checkpoints).config
    assert main(["seal", str(checkpoints / "digit")]) == 0
    assert sealed["model.safetensors"] in capsys.readouterr().out
    assert hub.load("digit", checkpoints).config["sha256"] == sealed


@pytest.mark.parametrize("name", sorted(download.REVISIONS))
def test_every_shipped_checkpoint_is_sealed_and_called_as_its_folder(name: str) -> None:
    config = disk.read_config(hub.BUNDLED / name)
    assert config["name"] == name
    assert config["sha256"] == disk.seal_of(hub.BUNDLED / name, config)


# --- contents


@pytest.mark.parametrize("value", [3e38, 2e3])
def test_weights_beyond_reason_are_refused(checkpoints: Path, value: float) -> None:
    file = checkpoints / "digit/model.safetensors"
    weights = {key: one.float() for key, one in load_file(file).items()}
    weights["dense.bias"][0] = value
    save_file(weights, file)
    disk.seal(checkpoints / "digit")
    with pytest.raises(CheckpointError, match="lead to infinite values, or are beyond reason"):
        hub.load("digit", checkpoints)


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_a_pipe_is_refused_at_once(checkpoints: Path, file: str) -> None:
    path = checkpoints / "digit" / file
    path.unlink()
    os.mkfifo(path)
    assert "is not a plain file" in load_within("digit", checkpoints) if file == "model.safetensors" else True
    with pytest.raises(CheckpointError, match="is not a plain file"):
        disk.read(checkpoints / "digit")


def test_a_huge_config_is_not_read(checkpoints: Path) -> None:
    with (checkpoints / "digit/config.json").open("r+b") as file:
        file.truncate(10**10)  # holds nothing on the disk
    with pytest.raises(CheckpointError, match="larger than 1 MB"):
        hub.load("digit", checkpoints)


@pytest.mark.parametrize("label", ["two\nlines", "x" * 81, "bell\x07"])
def test_a_label_is_one_short_line(tmp_path: Path, label: str) -> None:
    with pytest.raises(CheckpointError, match="label must be one line"):
        hub.save(tmp_path / "flute", Generator(model_size=4), {"name": "flute", "label": label})


def test_a_disk_that_fills_leaves_the_former_checkpoint_whole(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {file.name: file.read_bytes() for file in (checkpoints / "digit").iterdir()}
    whole = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.suffix == ".safetensors":
            whole(path, content[:100])
            raise OSError(28, "No space left on device", str(path))
        return whole(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        hub.save(checkpoints / "digit", Generator(model_size=5), {"name": "digit", "label": "new"})
    assert {file.name: file.read_bytes() for file in (checkpoints / "digit").iterdir()} == before


# --- the Hub


def test_a_damaged_download_falls_back_says_so_and_is_dropped(
    loopback: LoopbackHub, checkpoints: Path, visit: Visit, tmp_path: Path
) -> None:
    file = checkpoints / "digit/model.safetensors"
    good = file.read_bytes()
    file.write_bytes(good[:-100])
    (prior,) = visit(loopback.address, "digit")["priors"]
    where = f"somebody/bssdemo-digit@{download.REVISIONS['digit']}"
    assert prior["origin"] == "bundled"
    assert prior["note"] == f"Using the bundled digit checkpoint: the download of {where} was damaged."
    assert not list((tmp_path / "hf").rglob("model.safetensors"))
    file.write_bytes(good)  # the next start, the Hub mended
    (again,) = visit(loopback.address, "digit")["priors"]
    assert (again["origin"], again["note"]) == ("hub", None)


def test_a_cache_that_was_damaged_later_is_downloaded_again_at_once(
    loopback: LoopbackHub, visit: Visit, tmp_path: Path
) -> None:
    visit(loopback.address, "digit")
    (link,) = (tmp_path / "hf").rglob("model.safetensors")
    link.resolve().write_bytes(b"torn")
    (again,) = visit(loopback.address, "digit")["priors"]
    assert (again["origin"], again["note"]) == ("hub", None)


def test_another_kind_under_this_name_is_refused(
    loopback: LoopbackHub, checkpoints: Path, visit: Visit
) -> None:
    shutil.rmtree(checkpoints / "digit")
    shutil.copytree(checkpoints / "drums", checkpoints / "digit")
    (prior,) = visit(loopback.address, "digit")["priors"]
    assert prior["origin"] == "bundled"
    assert "was damaged" in prior["note"]


def test_a_dripping_hub_has_one_time_limit_for_all(loopback: LoopbackHub, visit: Visit) -> None:
    loopback.drip = (2, 0.5)
    answer = visit(loopback.address, "digit", "drums", "piano", limit=2.0)
    assert [prior["origin"] for prior in answer["priors"]] == ["bundled"] * 3
    assert answer["seconds"] < 4.5
    assert "all checkpoints together may take 2 s" in answer["priors"][0]["note"]


def test_without_waiting_the_hub_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, tiny_checkpoints: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv(download.OWNER_VARIABLE, "somebody")
    monkeypatch.setattr(hub, "BUNDLED", tiny_checkpoints)
    monkeypatch.setattr(download, "fetch", lambda *_: pytest.fail("asked"))
    prior = hub.load("digit", wait=False)
    assert prior.origin == "bundled"
    assert "is not downloaded yet" in str(prior.note)


def test_what_arrives_later_takes_its_place(
    monkeypatch: pytest.MonkeyPatch, tiny_checkpoints: Path, checkpoints: Path
) -> None:
    monkeypatch.setenv(download.OWNER_VARIABLE, "somebody")
    monkeypatch.setattr(hub, "BUNDLED", tiny_checkpoints)
    loaded = networks.everything(wait=False)
    began = loaded.priors["digit"]
    assert began.origin == "bundled"

    def fetch(owner: str, name: str, files: tuple[str, ...]) -> Path | str:
        return checkpoints / name if name == "digit" else "the Hub could not be reached"

    monkeypatch.setattr(download, "fetch", fetch)
    torch.manual_seed(1)
    hub.save(checkpoints / "digit", Generator(model_size=5), {"name": "digit", "label": "digits"})
    assert networks.arrive(loaded) == ["digit"]
    assert loaded.priors["digit"].origin == "hub"
    assert loaded.priors["digit"].generator.model_size == 5
    assert loaded.priors["piano"].origin == "bundled"
    assert replace(began) == began  # whoever holds the former one goes on with it


def test_a_cache_that_cannot_be_written_is_not_called_an_unreachable_hub(
    loopback: LoopbackHub, visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    (prior,) = visit(loopback.address, "digit", HF_HUB_CACHE=str(tmp_path / "file"))["priors"]
    assert prior["origin"] == "bundled"
    assert "cannot be written" in prior["note"]
    assert COMMIT not in prior["note"]
