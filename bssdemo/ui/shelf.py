"""The priors, and mask networks for sounds, of this page: loaded once at its start, shared by all, never changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from bssdemo import hub
from bssdemo.checkpoint import SOUND_MASK
from bssdemo.models.wavegan import SAMPLES
from bssdemo.search.pgd import PRESETS, separate
from bssdemo.ui.live import Painter
from bssdemo.ui.pictures.shelf import TWIN

PACE = 0.02  # seconds a step takes per generator output: d = 32 on 2 cores, until `warm_up` has measured
WARM_STEPS = 3


@dataclass(frozen=True)
class Shelf:
    """Priors by name, mask networks for two of them each, and in plain words which checkpoints could not be used."""

    priors: dict[str, hub.Prior]
    problems: tuple[str, ...]
    pace: float = PACE  # seconds a step takes per generator output
    unmixers: tuple[hub.Unmixer, ...] = ()

    def label(self, name: str) -> str:
        """What a person reads for this source."""
        return self.priors[name].label

    def pair(self, unmixer: hub.Unmixer) -> str:
        """The same for the two sources of a mask network."""
        return " and ".join(map(self.label, unmixer.sources))

    def unmixer(self, sources: Sequence[str]) -> hub.Unmixer | None:
        """The mask network for exactly these sources, in any order."""
        return next((one for one in self.unmixers if sorted(one.sources) == sorted(sources)), None)

    def provenance(self) -> list[str]:
        """One sentence per checkpoint: where it came from, and why an earlier choice was passed over."""
        origins = {"hub": "from the Hub", "bundled": "bundled with the app", "folder": "from a folder"}
        lines = []
        used: list[tuple[str, hub.Prior | hub.Unmixer]] = [
            (prior.label, prior) for prior in self.priors.values()
        ]
        used += [(f"masks for {self.pair(unmixer)}", unmixer) for unmixer in self.unmixers]
        for label, one in used:
            note = f" {one.note}" if one.note else ""
            lines.append(f"{label}: {origins[one.origin]} ({one.where}).{note}")
        return [*lines, *self.problems]


def stock(folder: Path | None = None) -> Shelf:
    """Load every prior that `hub.available` finds, and mask networks for two of them, `folder` first.

    A damaged one is left out and named: the page works with the rest. So are masks learned from true sources.
    """
    priors, unmixers, problems = {}, [], []
    for listing in hub.available(folder):
        try:
            priors[listing.name] = hub.load_prior(listing.name, folder)
        except hub.CheckpointError as error:
            problems.append(f"{listing.label}: not available ({error}).")
    for listing in hub.available(folder, SOUND_MASK):
        if listing.name.endswith(TWIN):
            continue
        try:
            loaded = hub.load(listing.name, folder)
        except hub.CheckpointError as error:
            problems.append(f"{listing.label}: not available ({error}).")
            continue
        if isinstance(loaded, hub.Unmixer) and priors.keys() >= set(loaded.sources):
            unmixers.append(loaded)
    return Shelf(priors, tuple(problems), unmixers=tuple(unmixers))


def warm_up(shelf: Shelf) -> Shelf:
    """The shelf with the pace of this machine, after three steps and frames with every prior.

    The first call after loading is slow, a visitor's not.
    """
    if not shelf.priors:
        return shelf
    config = PRESETS["balanced"]
    mix = 0.1 * torch.randn(SAMPLES, generator=torch.Generator().manual_seed(0))
    painter = Painter(mix, tuple(shelf.priors), config.objective.form)
    priors = shelf.priors.values()
    encoders = [prior.encoder for prior in priors]
    search = separate(mix, [prior.generator for prior in priors], config, encoders=encoders)
    seconds = 0.0
    for _ in range(WARM_STEPS):
        began = time.perf_counter()
        snapshot = next(search)
        seconds = time.perf_counter() - began
        painter.frame(snapshot, config.objective.weights, "searching")
    return replace(shelf, pace=seconds / (config.starts * len(shelf.priors)))
