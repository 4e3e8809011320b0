"""The sets of pictures that can be unmixed: their networks and examples, loaded once, shared, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from bssdemo.checkpoints import hub
from bssdemo.checkpoints.disk import MASK
from bssdemo.separation.networks import TWIN
from bssdemo.separation.pictures.examples import Examples, find
from bssdemo.separation.pictures.methods import METHODS, SUPERVISED, UNMIX
from bssdemo.unmix.cycle import unmix

TITLES: Mapping[str, str] = {
    "mnist": "Digits", "fashion": "Fashion, grey", "shoes-bags": "Shoes and bags",
}  # fmt: skip
WARM_CALLS = 3


@dataclass(frozen=True)
class PictureSet:
    """Two kinds of pictures whose mixtures can be unmixed; `networks` by the method each serves, at least one."""

    name: str
    title: str
    networks: Mapping[str, hub.Unmixer]
    examples: Examples | None = None

    @property
    def channels(self) -> int:
        """Of its pictures: 1 for grey, 3 for colour."""
        return next(iter(self.networks.values())).network.channels

    @property
    def size(self) -> int:
        """Pixels of a side."""
        return next(iter(self.networks.values())).network.size

    def network(self, method: str) -> hub.Unmixer:
        """The one that serves this method. Raises ValueError with a sentence when it is not here."""
        if method not in self.networks:
            wanted = METHODS[method].title if method in METHODS else method
            raise ValueError(f"{self.title}: {wanted} is not here. Available: {', '.join(self.networks)}.")
        return self.networks[method]


@dataclass(frozen=True)
class PictureSets:
    """Sets by name, and in plain words what is missing or cannot be used."""

    sets: Mapping[str, PictureSet] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def pick(self, name: str | None) -> PictureSet:
        """The set of that name. Raises ValueError with a sentence when there is none."""
        if not self.sets:
            raise ValueError(
                "There is no trained network for pictures here yet; docs/guide/unmix.md tells how to train one."
            )
        if name is None or name not in self.sets:
            raise ValueError(f"There is no set of pictures called {name}. Available: {', '.join(self.sets)}.")
        return self.sets[name]

    def provenance(self) -> list[str]:
        """Where the networks and the example pictures came from, a sentence each."""
        lines = [
            f"{one.title}: {unmixer.name} ({unmixer.where}).{f' {unmixer.note}' if unmixer.note else ''}"
            for one in self.sets.values()
            for unmixer in one.networks.values()
        ]
        credits = dict.fromkeys(one.examples.attribution for one in self.sets.values() if one.examples)
        return [*lines, *(f"Examples, {credit}." for credit in credits)]


def everything(folder: Path | None = None, wait: bool = True) -> PictureSets:
    """Every mask network `hub.available` finds, `folder` first; a damaged one is left out and named.

    Without `wait` the Hub is not asked, as `hub.load_any` says.
    """
    found: dict[str, dict[str, hub.Unmixer]] = {}
    problems = []
    for listing in hub.available(folder, MASK):
        name, method = _serves(listing.name)
        try:
            found.setdefault(name, {})[method] = hub.load_unmixer(listing.name, folder, wait)
        except hub.CheckpointError as error:
            problems.append(f"{listing.label}: not available ({error}).")
    sets = {}
    for name in [*TITLES, *sorted(found.keys() - TITLES.keys())]:
        title = TITLES.get(name, name)
        networks = {method: found[name][method] for method in METHODS if method in found.get(name, {})}
        if not networks:
            continue
        bare = PictureSet(name, title, networks)
        sets[name] = PictureSet(name, title, networks, find(name, bare.channels, bare.size))
        if UNMIX not in networks:
            problems.append(f"{title}: only the network trained with true sources is here.")
    missing = [
        f"{title}: no trained network is here yet." for name, title in TITLES.items() if name not in sets
    ]
    return PictureSets(sets, (*problems, *missing))


def set_of(network: str, folder: Path | None = None) -> tuple[PictureSet, str]:
    """One mask network alone as a set without examples, and its method. CheckpointError when there is none."""
    unmixer = hub.load_unmixer(network, folder)
    name, method = _serves(network)
    return PictureSet(name, TITLES.get(name, name), {method: unmixer}), method


def warm_up(pictures: PictureSets) -> PictureSets:
    """The sets themselves, after a few calls of every network: the first ones are slow, a visitor's not."""
    for chosen in pictures.sets.values():
        empty = torch.zeros(2, chosen.channels, chosen.size, chosen.size)
        for unmixer in chosen.networks.values():
            for _ in range(WARM_CALLS):
                unmix(empty, unmixer.network)
    return pictures


def _serves(checkpoint: str) -> tuple[str, str]:
    """The set and the method of a mask network, by its name: mask-mnist-supervised -> mnist, supervised."""
    name = checkpoint.removeprefix(hub.MASK_PREFIX)
    return name.removesuffix(TWIN), SUPERVISED if name.endswith(TWIN) else UNMIX
