"""The networks that separations work with, by name: loaded once, shared by all, never changed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bssdemo.checkpoints import disk, hub
from bssdemo.checkpoints.disk import SOUND_MASK
from bssdemo.data.kinds import SETS
from bssdemo.machine import memory
from bssdemo.models.share import ShareNetwork
from bssdemo.search.objective import Form

log = logging.getLogger(__name__)

DENSE = "-dense"  # ends the name of a prior with the paper's dense latent, beside one along time
T = TypeVar("T")
TWIN = "-supervised"  # ends the name of a mask network that was shown the true sources


class Shelf(Mapping[str, T]):
    """What was found at the start, by name; one may be replaced by a better one that arrives later, none is added."""

    def __init__(self, found: Mapping[str, T]) -> None:
        self._found = dict(found)

    def __getitem__(self, name: str) -> T:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def replace(self, name: str, arrived: T) -> None:
        """From now on whoever asks for `name` gets this one. Raises KeyError for a name that was not found."""
        if name not in self._found:
            raise KeyError(name)
        self._found[name] = arrived


@dataclass(frozen=True)
class Networks:
    """Priors by name, mask networks for two of them each, what shares a mixture out among the priors' sounds,
    and in plain words which checkpoints could not be used."""

    priors: Mapping[str, hub.Prior] = field(default_factory=dict)
    dense: Mapping[str, hub.Prior] = field(default_factory=dict)  # their twins with the paper's latent
    unmixers: tuple[hub.Unmixer, ...] = ()
    share: ShareNetwork | None = None  # shares a mixture out among estimates of any kinds
    tags: hub.Tags | None = None  # hears which kinds are there
    problems: tuple[str, ...] = ()

    def serving(self, names: Sequence[str], form: Form) -> list[hub.Prior]:
        """The priors that are searched: for the paper's forms of the objective those with the paper's dense latent."""
        twins = {} if form == "balanced" else self.dense
        return [twins.get(name, self.priors[name]) for name in names]

    def label(self, name: str) -> str:
        """What a person reads for this source."""
        return self.priors[name].label if name in self.priors else name

    def pair(self, unmixer: hub.Unmixer) -> str:
        """The same for the two sources of a mask network."""
        return " and ".join(map(self.label, unmixer.sources))

    def unmixer(self, sources: Sequence[str]) -> hub.Unmixer | None:
        """The mask network for exactly these sources, in any order."""
        return next((one for one in self.unmixers if sorted(one.sources) == sorted(sources)), None)

    def provenance(self) -> list[str]:
        """One sentence per checkpoint: where it came from, and why an earlier choice was passed over."""
        origins = {"hub": "from the Hub", "bundled": "bundled with the app", "folder": "from a folder"}
        used: list[tuple[str, hub.Prior | hub.Unmixer]] = [(one.label, one) for one in self.priors.values()]
        used += [(f"masks for {self.pair(one)}", one) for one in self.unmixers]
        lines = [
            f"{label}: {origins[one.origin]} ({one.where}).{f' {one.note}' if one.note else ''}"
            for label, one in used
        ]
        return [*lines, *self.problems]


def priors_of(names: Iterable[str], folder: Path | None = None) -> Networks:
    """The priors called so and nothing else; CheckpointError when one is not there or damaged."""
    found = {listing.name: listing for listing in hub.available(folder)}
    asked = list(dict.fromkeys(names))
    return Networks(
        {name: hub.load(name, folder) for name in asked},
        {name: hub.load(name + DENSE, folder) for name in asked if _is_twin(name + DENSE, found)},
        share=hub.load_share(folder),
        tags=hub.load_tags(folder),
    )


def unmixer_of(names: Sequence[str], folder: Path | None = None, supervised: bool = False) -> Networks:
    """The mask network trained on mixtures of these two kinds; CheckpointError when there is none."""
    return Networks(unmixers=(hub.load_sound_unmixer(names, folder, supervised),))


def everything(folder: Path | None = None, wait: bool = True) -> Networks:
    """Every prior that `hub.available` finds, and the mask networks for two of them, `folder` first.

    A damaged one is left out and named: the rest work. So are masks learned from true sources. Without `wait` the
    Hub is not asked: what was downloaded before and what is bundled begins, and `arrive` brings the rest.
    """
    priors: dict[str, hub.Prior] = {}
    dense: dict[str, hub.Prior] = {}
    unmixers, problems = [], []
    found = {listing.name: listing for listing in hub.available(folder)}
    for name in sorted(found, key=_place):
        listing = found[name]
        if name.endswith(DENSE) and name.removesuffix(DENSE) in found:
            into, key = dense, name.removesuffix(DENSE)
            if not _is_twin(name, found):
                continue
        else:
            into, key = priors, name
        try:
            into[key] = hub.load(name, folder, wait)
        except hub.CheckpointError as error:
            problems.append(f"{listing.label}: not available ({error}).")
    for listing in hub.available(folder, SOUND_MASK):
        if listing.supervised:
            continue
        try:
            loaded = hub.load_any(listing.name, folder, wait)
        except hub.CheckpointError as error:
            problems.append(f"{listing.label}: not available ({error}).")
            continue
        if isinstance(loaded, hub.Unmixer) and priors.keys() >= set(loaded.sources):
            unmixers.append(loaded)
    try:
        share = hub.load_share(folder)
    except hub.CheckpointError as error:
        share = None
        problems.append(f"The share network is not available ({error}): masks are made by the formula.")
    try:
        tags = hub.load_tags(folder, wait)
    except hub.CheckpointError as error:
        tags = None
        problems.append(f"The tagger is not available ({error}): the encoders tell what is there.")
    return Networks(Shelf(priors), Shelf(dense), tuple(unmixers), share, tags, tuple(problems))


def arrive(loaded: Networks) -> list[str]:
    """Ask the Hub for the priors that are not from there yet, and put them in their place; their names.

    For a thread beside the page: a run that is going keeps the networks that it began with.
    """
    arrived = []
    for shelf, ending in ((loaded.priors, ""), (loaded.dense, DENSE)):
        assert isinstance(shelf, Shelf)
        for name, prior in list(shelf.items()):
            if prior.origin == "hub":
                continue
            try:
                better = hub.load(name + ending)
            except hub.CheckpointError as error:
                log.warning("%s", error)
                continue
            if better.origin == "hub":
                shelf.replace(name, better)
                arrived.append(better.name)
    if arrived:
        disk.forget()  # those that were replaced
        memory.trim()
    return arrived


def _is_twin(name: str, found: Mapping[str, hub.Listing]) -> bool:
    """Whether a dense prior lies beside the prior it is the twin of: that of another place is another prior's."""
    other = found.get(name.removesuffix(DENSE))
    return name in found and other is not None and found[name].origin == other.origin


def _place(name: str) -> tuple[int, str]:
    """The kinds that people bring come first."""
    return (list(SETS).index(name) if name in SETS else len(SETS), name)
