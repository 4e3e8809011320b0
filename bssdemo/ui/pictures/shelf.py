"""The sets of pictures this page can unmix: their networks and examples, loaded once, shared, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from bssdemo import hub
from bssdemo.checkpoint import MASK
from bssdemo.ui.pictures.gallery import Gallery, find
from bssdemo.unmix.cycle import unmix

TWIN = "-supervised"  # what the names of networks end with that were trained with true sources
TITLES: Mapping[str, str] = {
    "mnist": "Digits", "fashion": "Fashion, grey", "shoes-bags": "Shoes and bags",
}  # fmt: skip
WARM_CALLS = 3


@dataclass(frozen=True)
class PictureSet:
    """One set: at least one of its two networks is there."""

    name: str
    title: str
    blind: hub.Unmixer | None
    twin: hub.Unmixer | None
    gallery: Gallery | None

    @property
    def any(self) -> hub.Unmixer:
        """A network of the set: the blind one if it is there."""
        found = self.blind or self.twin
        assert found is not None
        return found


@dataclass(frozen=True)
class PictureShelf:
    """Sets by name, and in plain words what is missing or cannot be used."""

    sets: Mapping[str, PictureSet]
    problems: tuple[str, ...]


def stock(folder: Path | None = None) -> PictureShelf:
    """Every mask network `hub.available` finds, `folder` first; a damaged one is left out and named."""
    networks: dict[str, hub.Unmixer] = {}
    problems = []
    for listing in hub.available(folder, MASK):
        try:
            networks[listing.name] = hub.load_unmixer(listing.name, folder)
        except hub.CheckpointError as error:
            problems.append(f"{listing.label}: not available ({error}).")
    names = {name.removeprefix(hub.MASK_PREFIX).removesuffix(TWIN) for name in networks}
    sets = {}
    for name in [*(known for known in TITLES if known in names), *sorted(names - TITLES.keys())]:
        blind = networks.get(f"{hub.MASK_PREFIX}{name}")
        twin = networks.get(f"{hub.MASK_PREFIX}{name}{TWIN}")
        size = (blind or twin or networks[name]).network
        gallery = find(name, size.channels, size.size)
        sets[name] = PictureSet(name, TITLES.get(name, name), blind, twin, gallery)
        if blind is None:
            problems.append(f"{sets[name].title}: only the network trained with true sources is here.")
    missing = [
        f"{title}: no trained network is here yet." for name, title in TITLES.items() if name not in sets
    ]
    return PictureShelf(sets, (*problems, *missing))


def warm_up(shelf: PictureShelf) -> PictureShelf:
    """The shelf itself, after a few calls of every network: the first ones are slow, a visitor's not."""
    for chosen in shelf.sets.values():
        for unmixer in filter(None, (chosen.blind, chosen.twin)):
            network = unmixer.network
            empty = torch.zeros(2, network.channels, network.size, network.size)
            for _ in range(WARM_CALLS):
                unmix(empty, network)
    return shelf
