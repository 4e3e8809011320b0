"""How fast this machine searches with the page's priors, measured once at its start."""

from __future__ import annotations

import time

import torch

from bssdemo.audio.format import SAMPLES
from bssdemo.search.pgd import PRESETS, separate
from bssdemo.separation import Networks
from bssdemo.ui.board.painter import Painter

PACE = 0.02  # seconds a step takes per generator output: d = 32 on 2 cores, until `warm_up` has measured
WARM_STEPS = 3


def warm_up(networks: Networks) -> float:
    """Seconds that a step takes per generator output, after three steps and frames with every prior.

    The first call after loading is slow, a visitor's not.
    """
    if not networks.priors:
        return PACE
    config = PRESETS["balanced"]
    mix = 0.1 * torch.randn(SAMPLES, generator=torch.Generator().manual_seed(0))
    painter = Painter(mix, tuple(networks.priors), config.objective.form)
    priors = networks.priors.values()
    encoders = [prior.encoder for prior in priors]
    search = separate(mix, [prior.generator for prior in priors], config, encoders=encoders)
    seconds = 0.0
    for _ in range(WARM_STEPS):
        began = time.perf_counter()
        snapshot = next(search)
        seconds = time.perf_counter() - began
        painter.frame(snapshot, config.objective.weights, "searching")
    return seconds / (config.starts * len(networks.priors))
