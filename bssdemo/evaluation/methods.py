"""The benchmark's methods: a name and what builds a separator (mixtures in, snapshots out) for some sources.

A further method is one more line in `METHODS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo import hub
from bssdemo.search.pgd import PRESETS, separate
from bssdemo.snapshot import Snapshot

Method = Callable[[Float[Tensor, "B samples"]], Iterator[Snapshot]]


@dataclass(frozen=True)
class Setting:
    """What the methods are built for. None means the preset's own value, which is the page's default."""

    sources: tuple[str, ...]
    preset: str = "balanced"
    steps: int | None = None
    starts: int | None = None
    seed: int = 0
    checkpoints: Path | None = None  # a folder of checkpoints; None for the Hub or the bundled ones


def raw(setting: Setting) -> Method:
    """The search as the page runs it; the estimates are the generators' outputs themselves."""
    priors = [hub.load_prior(name, setting.checkpoints).generator for name in setting.sources]
    preset = PRESETS[setting.preset]
    config = replace(preset, steps=setting.steps or preset.steps, starts=setting.starts or preset.starts)
    randomness = torch.Generator().manual_seed(setting.seed)
    return lambda mix: separate(mix, priors, config, generator=randomness)


def mixture(setting: Setting) -> Method:
    """The mixture itself as the estimate of every source: what doing nothing scores."""

    def run(mix: Float[Tensor, "B samples"]) -> Iterator[Snapshot]:
        estimates = mix[:, None, :].expand(-1, len(setting.sources), -1)
        yield Snapshot(0, 0, {}, mix.new_zeros(len(mix)), estimates, elapsed=0.0, done=True)

    return run


METHODS: Mapping[str, Callable[[Setting], Method]] = {"raw": raw, "mixture": mixture}
