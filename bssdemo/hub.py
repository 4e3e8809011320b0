"""Checkpoint name -> verified, frozen prior: an explicit folder, else the Hub, else the bundled ones.

The Hub is asked only when BSSDEMO_HUB_OWNER is set, for `{owner}/bssdemo-{name}` at the revision
pinned in `hub_download.REVISIONS`. When it cannot be reached the bundled copy is used and
`Prior.note` says why. The files are those of `checkpoint.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bssdemo import checkpoint, hub_download
from bssdemo.checkpoint import CheckpointError
from bssdemo.checkpoint import write as save
from bssdemo.models import Generator, LatentEncoder

__all__ = ["CheckpointError", "Listing", "Origin", "Prior", "available", "load", "save"]

log = logging.getLogger(__name__)

BUNDLED = Path(__file__).resolve().parents[1] / "checkpoints"
RUN_CHECKPOINT = "checkpoint"  # the subfolder of a training run that holds its checkpoint

Origin = Literal["folder", "hub", "bundled"]


@dataclass(frozen=True)
class Prior:
    """A frozen generator ready for the search, and where it came from."""

    name: str
    label: str  # what a person reads, for example "spoken digits"
    generator: Generator
    config: Mapping[str, Any]
    origin: Origin
    where: str
    note: str | None = None  # in plain words, why an earlier choice was passed over
    encoder: LatentEncoder | None = None  # mixture -> a first z for this source


@dataclass(frozen=True)
class Listing:
    """What `available` knows of a checkpoint without reading its weights."""

    name: str
    label: str
    origin: Origin
    where: str
    problem: str | None = None  # why it cannot be loaded, when its config.json is unusable


def load(name: str, folder: Path | None = None) -> Prior:
    """The prior called `name`: from `folder`, else the Hub, else bundled.

    `folder` is one checkpoint, a training run, or holds several of either, named by their folders.
    Everyone who asks for the same files gets the same network objects.
    Raises CheckpointError when no such checkpoint exists or the one found is damaged.
    """
    place, origin, where, note = _resolve(name, folder)
    generator, encoder, config = checkpoint.read(place)
    return Prior(name, config["label"], generator, config, origin, where, note, encoder)


def available(folder: Path | None = None) -> list[Listing]:
    """Every checkpoint by name, with the first origin `load` would try; nothing is downloaded.

    Raises CheckpointError when `folder` is not a folder.
    """
    found = {
        name: _listing(name, place, "bundled", _bundled(place)) for name, place in _places(BUNDLED).items()
    }
    owner = hub_download.owner()
    if owner is not None:
        for name in hub_download.REVISIONS:
            label = found[name].label if name in found else name
            found[name] = Listing(name, label, "hub", hub_download.address(owner, name))
    if folder is not None:
        for name, place in _places(_existing(folder)).items():
            found[name] = _listing(name, place, "folder", str(place))
    return sorted(found.values(), key=lambda listing: listing.name)


def _resolve(name: str, folder: Path | None) -> tuple[Path, Origin, str, str | None]:
    """Where `name` is: (folder with its files, origin, address for people, note)."""
    missed: list[str] = []  # why earlier choices were passed over
    if folder is not None:
        place = _places(_existing(folder)).get(name)
        if place is not None:
            return place, "folder", str(place), None
        missed.append(f"{folder} has no {name}")
    owner = hub_download.owner()
    if owner is not None and name in hub_download.REVISIONS:
        fetched = hub_download.fetch(owner, name, (checkpoint.CONFIG, checkpoint.WEIGHTS))
        if isinstance(fetched, Path) and checkpoint.ENCODER in (files := checkpoint.files(fetched)):
            fetched = hub_download.fetch(owner, name, files)
        if isinstance(fetched, Path):
            note = f"Using {name} from the Hub: {missed[0]}." if missed else None
            return fetched, "hub", hub_download.address(owner, name), note
        missed.append(fetched)
    place = _places(BUNDLED).get(name)
    if place is None:
        names = ", ".join(listing.name for listing in available(folder)) or "none"
        reason = f" ({'; '.join(missed)})" if missed else ""
        raise CheckpointError(f"there is no source called {name!r}; available: {names}{reason}")
    note = f"Using the bundled {name} checkpoint: {'; '.join(missed)}." if missed else None
    if note:
        log.warning(note)
    return place, "bundled", _bundled(place), note


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder; give a checkpoint, or a folder of them")
    return folder


def _places(folder: Path) -> dict[str, Path]:
    """The checkpoint folders in `folder`, by name: those one level down, and itself if it is one.

    A folder that training made keeps its checkpoint in `checkpoint/`.
    """
    children = sorted(folder.iterdir()) if folder.is_dir() else []
    places = {child.name: place for child in children if (place := _checkpoint(child)) is not None}
    itself = _checkpoint(folder)
    if itself is not None:
        places[checkpoint.read_config(itself)["name"]] = itself
    places.pop(RUN_CHECKPOINT, None)
    return places


def _checkpoint(folder: Path) -> Path | None:
    candidates = (folder / RUN_CHECKPOINT, folder)
    return next((place for place in candidates if (place / checkpoint.CONFIG).is_file()), None)


def _bundled(place: Path) -> str:
    return f"{BUNDLED.name}/{place.name}"


def _listing(name: str, place: Path, origin: Origin, where: str) -> Listing:
    try:
        return Listing(name, checkpoint.read_config(place)["label"], origin, where)
    except CheckpointError as error:
        return Listing(name, name, origin, where, problem=str(error))
