"""Publishing may be interrupted and repeated; a version that people have pinned is never moved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import HfApi

from bssdemo.checkpoints import download, hub, publish
from bssdemo.checkpoints.publish import PublishError
from bssdemo.commands.main import main


class Shelf(HfApi):
    """A Hub in a folder; `fails_at` is the upload that breaks off."""

    def __init__(self, home: Path, fails_at: int | None = None) -> None:
        super().__init__()
        self.home, self.fails_at, self.uploads = home, fails_at, 0

    def create_repo(self, repo_id: str, **options: Any) -> None:
        (self.home / repo_id / "main").mkdir(parents=True, exist_ok=True)

    def list_repo_refs(self, repo_id: str) -> SimpleNamespace:
        tags = [
            SimpleNamespace(name=one.name) for one in (self.home / repo_id).iterdir() if one.name != "main"
        ]
        return SimpleNamespace(tags=tags)

    def hf_hub_download(self, repo_id: str, filename: str, *, revision: str) -> str:
        return str(self.home / repo_id / revision / filename)

    def upload_folder(self, *, repo_id: str, folder_path: Path, **options: Any) -> None:
        self.uploads += 1
        if self.uploads == self.fails_at:
            raise ConnectionError("the line went dead")
        for file in options.get("allow_patterns", ()):
            shutil.copy(folder_path / file, self.home / repo_id / "main" / file)

    def create_tag(self, repo_id: str, *, tag: str) -> None:
        shutil.copytree(self.home / repo_id / "main", self.home / repo_id / tag)


@pytest.fixture
def packed(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[publish.Parcel]:
    home = shutil.copytree(tiny_checkpoints, tmp_path / "bundled")
    for folder in home.iterdir():
        (folder / "README.md").write_text("a card")
    monkeypatch.setattr(hub, "BUNDLED", home)
    monkeypatch.setattr(download, "REVISIONS", dict.fromkeys(("digit", "drums", "piano"), "v1"))
    return publish.parcels("me")


def test_an_interrupted_publication_goes_on_where_it_was(
    packed: list[publish.Parcel], tmp_path: Path
) -> None:
    with pytest.raises(ConnectionError):
        list(publish.send(packed, Shelf(tmp_path / "hub", fails_at=2)))
    again = Shelf(tmp_path / "hub")
    told = list(publish.send(packed, again))
    assert [line.partition(": ")[2].partition(",")[0] for line in told] == ["there already", "sent", "sent"]
    assert again.uploads == 2
    for one in packed:
        there = {path.name for path in (tmp_path / "hub" / one.repository / "v1").iterdir()}
        assert there == {"README.md", "config.json", "model.safetensors"}
    assert all(line.endswith("there already") for line in publish.send(packed, Shelf(tmp_path / "hub")))


def test_a_pinned_version_is_never_given_other_weights(packed: list[publish.Parcel], tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "hub")
    list(publish.send(packed, shelf))
    config = tmp_path / "hub" / packed[0].repository / "v1" / "config.json"
    config.write_text(
        json.dumps({**json.loads(config.read_text()), "sha256": {"model.safetensors": "0" * 64}})
    )
    with pytest.raises(PublishError, match="holds other weights; raise its version"):
        list(publish.send(packed, shelf))


def test_the_dry_run_names_everything_and_asks_nobody(
    packed: list[publish.Parcel], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish", "--owner", "me", "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("me/bssdemo-digit@v1: README.md, config.json, model.safetensors, ")
    assert len(lines) == 4
    config = packed[0].folder / "config.json"
    told = json.loads(config.read_text())
    del told["sha256"]
    config.write_text(json.dumps(told))
    assert main(["publish", "--owner", "me", "--dry-run"]) == 2
    assert "has no checksums" in capsys.readouterr().err
