"""The priors this page offers: loaded once when it starts, shared by all visitors, never changed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from bssdemo import hub
from bssdemo.models.wavegan import SAMPLES
from bssdemo.search.pgd import PRESETS, separate
from bssdemo.ui.live import Painter

PACE = 0.02  # seconds a step takes per generator output: d = 32 on 2 cores, until `warm_up` has measured
WARM_STEPS = 3


@dataclass(frozen=True)
class Shelf:
    """Priors by name, and in plain words which checkpoints could not be used."""

    priors: dict[str, hub.Prior]
    problems: tuple[str, ...]
    pace: float = PACE  # seconds a step takes per generator output

    def label(self, name: str) -> str:
        """What a person reads for this source."""
        return self.priors[name].label

    def provenance(self) -> list[str]:
        """One sentence per checkpoint: where it came from, and why an earlier choice was passed over."""
        origins = {"hub": "from the Hub", "bundled": "bundled with the app", "folder": "from a folder"}
        lines = []
        for prior in self.priors.values():
            note = f" {prior.note}" if prior.note else ""
            lines.append(f"{prior.label}: {origins[prior.origin]} ({prior.where}).{note}")
        return [*lines, *self.problems]


def stock(folder: Path | None = None) -> Shelf:
    """Load every prior `hub.available` finds, `folder` first.

    A damaged one is left out and named: the page works with the rest.
    """
    priors, problems = {}, []
    for listing in hub.available(folder):
        try:
            priors[listing.name] = hub.load_prior(listing.name, folder)
        except hub.CheckpointError as error:
            problems.append(f"{listing.label}: not available ({error}).")
    return Shelf(priors, tuple(problems))


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
