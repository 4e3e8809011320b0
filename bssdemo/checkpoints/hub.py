"""Checkpoint name -> verified, frozen network: from an explicit folder, else the Hub, else the bundled ones.

The Hub is asked only when BSSDEMO_HUB_OWNER is set, for `{owner}/bssdemo-{name}` at the revision
pinned in `download.REVISIONS`. When it cannot be reached, or what it sends is damaged, the bundled copy is used
and its `note` says why. The files are those of `disk.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from bssdemo.checkpoints import disk, download
from bssdemo.checkpoints.disk import GENERATOR, MASK, SOUND_MASK, CheckpointError
from bssdemo.checkpoints.disk import write as save
from bssdemo.models import Generator, LatentEncoder
from bssdemo.models.encoder import TimedEncoder
from bssdemo.models.mask import MaskNetwork
from bssdemo.models.share import ShareNetwork
from bssdemo.models.spectrogram import SpectrogramMask
from bssdemo.models.tagger import Tagger

__all__ = [
    "CheckpointError",
    "Listing",
    "Origin",
    "Prior",
    "Tags",
    "Unmixer",
    "available",
    "load",
    "load_any",
    "load_share",
    "load_sound_unmixer",
    "load_tags",
    "load_unmixer",
    "save",
]  # fmt: skip

log = logging.getLogger(__name__)

BUNDLED = Path(__file__).resolve().parents[2] / "checkpoints"
SHARE_NAME = "share"  # of the share network
TAGGER_NAME = "tagger"
MASK_PREFIX = "mask-"  # names of mask networks begin with it
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
    encoder: LatentEncoder | TimedEncoder | None = None  # mixture -> a first z for this source


@dataclass(frozen=True)
class Unmixer:
    """A frozen mask network, the names of the two sources it tells apart, and where it came from."""

    name: str
    label: str
    sources: tuple[str, str]  # what people read, in the order of the network's outputs
    network: MaskNetwork
    config: Mapping[str, Any]
    origin: Origin
    where: str
    note: str | None = None


@dataclass(frozen=True)
class Tags:
    """A frozen network that hears which kinds of sound are there, and their names in the order of its outputs."""

    network: Tagger
    names: tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """What `available` knows of a checkpoint without reading its weights."""

    name: str
    label: str
    kind: str  # of checkpoint.KINDS
    origin: Origin
    where: str
    sources: tuple[str, ...] = ()  # that a mask network tells apart
    supervised: bool = False  # a mask network that was shown the true sources
    problem: str | None = None  # why it cannot be loaded, when its config.json is unusable


def load_any(name: str, folder: Path | None = None, wait: bool = True) -> Prior | Unmixer:
    """The checkpoint called `name`: from `folder`, else the Hub, else bundled.

    `folder` is one checkpoint, a training run, or holds several of either, named by their folders.
    Everyone who asks for the same files gets the same network objects. Without `wait` the Hub is not asked, but
    what was downloaded before is used.
    Raises CheckpointError when no such checkpoint exists or the one found is damaged.
    """
    place, origin, where, note = _resolve(name, folder, wait)
    network, encoder, config = disk.read(place)
    if isinstance(network, MaskNetwork):
        first, second = config["sources"]
        return Unmixer(name, config["label"], (first, second), network, config, origin, where, note)
    if not isinstance(network, Generator):
        raise CheckpointError(f"'{name}' is no kind of sound and no mask network")
    return Prior(name, config["label"], network, config, origin, where, note, encoder)


def load_share(folder: Path | None = None) -> ShareNetwork | None:
    """The share network, checkpoint `share`; None where there is none. Raises CheckpointError for a damaged one."""
    try:
        place, *_ = _resolve(SHARE_NAME, folder)
    except CheckpointError:
        return None
    network, _, _ = disk.read(place)
    return network if isinstance(network, ShareNetwork) else None


def load_tags(folder: Path | None = None, wait: bool = True) -> Tags | None:
    """The tagger, checkpoint `tagger`; None where there is none. Raises CheckpointError for a damaged one."""
    try:
        place, *_ = _resolve(TAGGER_NAME, folder, wait)
    except CheckpointError:
        return None
    network, _, config = disk.read(place)
    return Tags(network, tuple(config["sources"])) if isinstance(network, Tagger) else None


def load(name: str, folder: Path | None = None, wait: bool = True) -> Prior:
    """The prior called `name`, as `load_any` finds it; CheckpointError also when it is a mask network."""
    loaded = load_any(name, folder, wait)
    if isinstance(loaded, Unmixer):
        what = "sounds" if isinstance(loaded.network, SpectrogramMask) else "pictures"
        raise CheckpointError(f"'{name}' unmixes {what}; it is no kind of sound ({_names(folder)})")
    return loaded


def load_unmixer(name: str, folder: Path | None = None, wait: bool = True) -> Unmixer:
    """`load_any` for a mask network of pictures; CheckpointError also when `name` is a prior or unmixes sounds."""
    loaded = load_any(name, folder, wait)
    if isinstance(loaded, Unmixer) and not isinstance(loaded.network, SpectrogramMask):
        return loaded
    what = "is a kind of sound" if isinstance(loaded, Prior) else "unmixes sounds"
    raise CheckpointError(f"'{name}' {what}; it unmixes no pictures ({_names(folder, MASK)})")


def load_sound_unmixer(
    sources: Sequence[str], folder: Path | None = None, supervised: bool = False
) -> Unmixer:
    """`load_any` for the mask network of spectrograms that was trained on mixtures of these two kinds, in either order.

    `supervised`: its twin that was shown the true sources. Raises CheckpointError when there is none.
    """
    there = available(folder, SOUND_MASK)
    wanted = sorted(sources)
    name = next(
        (one.name for one in there if sorted(one.sources) == wanted and one.supervised == supervised), None
    )
    if name is None:
        known = ", ".join(one.name for one in there) or "none; docs/guide/unmix.md tells how to train one"
        raise CheckpointError(f"no mask network unmixes {' and '.join(sources)}; available: {known}")
    loaded = load_any(name, folder)
    assert isinstance(loaded, Unmixer)
    return loaded


def available(folder: Path | None = None, kind: str = GENERATOR) -> list[Listing]:
    """Every checkpoint of a kind by name, with the first origin `load` would try; nothing is downloaded.

    `kind` is checkpoint.GENERATOR (kinds of sound, the default), checkpoint.MASK (unmixes pictures) or
    checkpoint.SOUND_MASK (unmixes sounds).

    Raises CheckpointError when `folder` is not a folder.
    """
    found = {
        name: _listing(name, place, "bundled", _bundled(place)) for name, place in _places(BUNDLED).items()
    }
    owner = download.owner()
    if owner is not None:
        for name in download.REVISIONS:
            known = found.get(name, Listing(name, name, _kind_by_name(name), "hub", ""))
            found[name] = replace(known, origin="hub", where=download.address(owner, name), problem=None)
    if folder is not None:
        for name, place in _places(_existing(folder)).items():
            found[name] = _listing(name, place, "folder", str(place))
    return sorted((one for one in found.values() if one.kind == kind), key=lambda listing: listing.name)


def _resolve(name: str, folder: Path | None, wait: bool = True) -> tuple[Path, Origin, str, str | None]:
    """Where `name` is: (folder with its files, origin, address for people, note). What the Hub sent is verified."""
    missed: list[str] = []  # why earlier choices were passed over
    if folder is not None:
        place = _places(_existing(folder)).get(name)
        if place is not None:
            return place, "folder", str(place), None
        missed.append(f"{folder} has no {name}")
    owner = download.owner()
    if owner is not None and name in download.REVISIONS:
        fetched = _from_hub(owner, name, wait)
        if isinstance(fetched, Path):
            note = f"Using {name} from the Hub: {missed[0]}." if missed else None
            return fetched, "hub", download.address(owner, name), note
        missed.append(fetched)
    place = _places(BUNDLED).get(name)
    if place is None:
        reason = f" ({'; '.join(missed)})" if missed else ""
        raise CheckpointError(
            f"there is no source called {name!r}; {_names(folder, _kind_by_name(name))}{reason}"
        )
    note = f"Using the bundled {name} checkpoint: {'; '.join(missed)}." if missed else None
    if note:
        log.warning(note)
    return place, "bundled", _bundled(place), note


def _from_hub(owner: str, name: str, wait: bool) -> Path | str:
    """The verified files that the Hub has for `name`, or why there are none; damaged ones go."""
    answer = _verified(owner, name, download.kept)
    if isinstance(answer, Path) or not wait:
        return answer
    return _verified(owner, name, download.fetch)


def _verified(owner: str, name: str, ask: Callable[[str, str, tuple[str, ...]], Path | str]) -> Path | str:
    files: tuple[str, ...] = (disk.CONFIG, disk.WEIGHTS)
    place = ask(owner, name, files)
    if isinstance(place, str):
        return place
    try:
        files = disk.files(place)
        if disk.ENCODER in files and isinstance(fetched := ask(owner, name, files), str):
            return fetched
        _, _, config = disk.read(place)
        if config["name"] != name:
            raise CheckpointError(f"{place / disk.CONFIG}: is the checkpoint {config['name']}, not {name}")
    except CheckpointError as error:
        log.warning("%s", error)
        return download.drop(owner, name, place, files)
    return place


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
        places[disk.read_config(itself)["name"]] = itself
    places.pop(RUN_CHECKPOINT, None)
    return places


def _checkpoint(folder: Path) -> Path | None:
    candidates = (folder / RUN_CHECKPOINT, folder)
    return next((place for place in candidates if (place / disk.CONFIG).is_file()), None)


def _bundled(place: Path) -> str:
    return f"{BUNDLED.name}/{place.name}"


def _listing(name: str, place: Path, origin: Origin, where: str) -> Listing:
    try:
        config = disk.read_config(place)
        sources, twin = tuple(config.get("sources", ())), bool(config.get("supervised"))
        return Listing(name, config["label"], config["kind"], origin, where, sources, twin)
    except CheckpointError as error:
        return Listing(name, name, _kind_by_name(name), origin, where, problem=str(error))


def _kind_by_name(name: str) -> str:
    """For a checkpoint whose config.json is not at hand: ours follow this rule."""
    return MASK if name.startswith(MASK_PREFIX) else GENERATOR


def _names(folder: Path | None, kind: str = GENERATOR) -> str:
    none = "none; docs/guide/unmix.md tells how to train one" if kind == MASK else "none"
    return "available: " + (", ".join(listing.name for listing in available(folder, kind)) or none)
