"""Every checkpoint to a repository of its own, and the page to a Space, with huggingface_hub.

Each step may be interrupted and repeated: what is there already, by its checksums, is passed over, and a pinned
version that holds other weights is never moved.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bssdemo.checkpoints import disk, download, hub

if TYPE_CHECKING:
    from huggingface_hub import HfApi

SPACE = "bssdemo"
CARD = "README.md"
LEFT_HERE = [".git/*", ".venv/*", "runs/*", "data/*", "**/__pycache__/*", ".*_cache/*", ".hypothesis/*"]


class PublishError(ValueError):
    """The Hub cannot be given what was asked; the message says what to do."""


@dataclass(frozen=True)
class Parcel:
    """One checkpoint on its way."""

    folder: Path
    repository: str
    revision: str
    files: tuple[str, ...]

    @property
    def megabytes(self) -> float:
        """Of all files."""
        return sum((self.folder / file).stat().st_size for file in self.files) / 1e6


def parcels(owner: str) -> list[Parcel]:
    """Every bundled checkpoint, verified. Raises CheckpointError for a damaged one, PublishError without checksums."""
    packed = []
    for name, revision in download.REVISIONS.items():
        folder = hub.BUNDLED / name
        disk.read(folder)
        if "sha256" not in disk.read_config(folder):
            raise PublishError(f"{folder} has no checksums; run: python -m bssdemo seal {folder}")
        if not (folder / CARD).is_file():
            raise PublishError(f"{folder} has no card; write {CARD}")
        files = (CARD, *disk.files(folder))
        packed.append(Parcel(folder, download.repository(owner, name), revision, files))
    return packed


def send(packed: Sequence[Parcel], api: HfApi) -> Iterator[str]:
    """Send what is not there yet; a line for every checkpoint. Raises PublishError for a version with other weights."""
    for one in packed:
        api.create_repo(one.repository, exist_ok=True)
        there = {tag.name for tag in api.list_repo_refs(one.repository).tags}
        if one.revision in there:
            if _remote(one, api) != disk.read_config(one.folder)["sha256"]:
                raise PublishError(
                    f"{one.repository}@{one.revision} holds other weights; raise its version in "
                    "bssdemo/checkpoints/download.py, and publish again"
                )
            yield f"{one.repository}@{one.revision}: there already"
            continue
        api.upload_folder(
            repo_id=one.repository,
            folder_path=one.folder,
            allow_patterns=list(one.files),
            commit_message=f"{one.folder.name} {one.revision}",
        )
        api.create_tag(one.repository, tag=one.revision)
        yield f"{one.repository}@{one.revision}: sent, {one.megabytes:.1f} MB"


def send_space(owner: str, root: Path, api: HfApi) -> str:
    """The page; what it is called."""
    space = f"{owner}/{SPACE}"
    api.create_repo(space, repo_type="space", space_sdk="gradio", exist_ok=True)
    api.upload_folder(
        repo_id=space,
        folder_path=root,
        repo_type="space",
        ignore_patterns=LEFT_HERE,
        commit_message="The page",
    )
    return f"Space {space}: sent"


def _remote(one: Parcel, api: HfApi) -> object:
    file = api.hf_hub_download(one.repository, disk.CONFIG, revision=one.revision)
    return json.loads(Path(file).read_text(encoding="utf-8")).get("sha256")
