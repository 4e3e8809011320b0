"""The benchmark's methods: what separates the mixtures, and what is made of its estimates to be scored.

Methods with the same separator share one run of it. A further method is one more line in `METHODS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo import audio, hub
from bssdemo.search.pgd import PRESETS, separate
from bssdemo.search.refine import refine
from bssdemo.snapshot import Snapshot

Separator = Callable[[Float[Tensor, "B samples"]], Iterator[Snapshot]]
Answer = Callable[
    [Tensor, Tensor, Tensor], Tensor
]  # mix (B, N), estimates and refs (B, K, N) -> stems (B, K, N)


@dataclass(frozen=True)
class Setting:
    """What the separators are built for. None means the preset's own value, which is the page's default.

    With `unknown_level` a mixture is brought to the level that the search expects, as the page does with
    every file; without, it is known to be a plain sum of peak-normalised sources, as in the paper.
    """

    sources: tuple[str, ...]
    preset: str = "balanced"
    steps: int | None = None
    starts: int | None = None
    seed: int = 0
    checkpoints: Path | None = None  # a folder of checkpoints; None for the Hub or the bundled ones
    unknown_level: bool = False
    start: Literal["zeros", "encoder"] | None = None
    gain: Literal["fixed", "estimated"] | None = None


@dataclass(frozen=True)
class Method:
    """`separator` builds what runs on the mixtures; `answer` turns its last estimates into the stems."""

    separator: Callable[[Setting], Separator]
    answer: Answer = lambda mix, estimates, refs: estimates


def search(setting: Setting) -> Separator:
    """The search as the page runs it; the estimates are the generators' outputs themselves."""
    priors = [hub.load_prior(name, setting.checkpoints) for name in setting.sources]
    asked = {name: getattr(setting, name) for name in ("steps", "starts", "start", "gain")}
    config = replace(PRESETS[setting.preset], **{name: value for name, value in asked.items() if value})
    generators, encoders = [prior.generator for prior in priors], [prior.encoder for prior in priors]
    randomness = torch.Generator().manual_seed(setting.seed)

    def run(mix: Float[Tensor, "B samples"]) -> Iterator[Snapshot]:
        level = audio.peak_of_sum(len(priors)) / mix.abs().amax(-1, keepdim=True)
        level = level if setting.unknown_level else torch.ones_like(level)
        for snapshot in separate(mix * level, generators, config, encoders=encoders, generator=randomness):
            yield replace(snapshot, estimates=snapshot.estimates / level[..., None])

    return run


def nothing(setting: Setting) -> Separator:
    """The mixture itself as the estimate of every source."""

    def run(mix: Float[Tensor, "B samples"]) -> Iterator[Snapshot]:
        estimates = mix[:, None, :].expand(-1, len(setting.sources), -1)
        yield Snapshot(0, 0, {}, mix.new_zeros(len(mix)), estimates, elapsed=0.0, done=True)

    return run


METHODS: Mapping[str, Method] = {
    "raw": Method(search),
    "refined": Method(search, lambda mix, estimates, refs: refine(mix, estimates).stems),
    "mixture": Method(nothing),  # what doing nothing scores
    "oracle": Method(nothing, lambda mix, estimates, refs: refine(mix, refs).stems),  # what masks could reach
}
