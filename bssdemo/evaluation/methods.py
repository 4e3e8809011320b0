"""The benchmark's methods: what separates the mixtures, and what is made of its estimates to be scored.

Methods with the same separator share one run of it. A further method is one more line in `METHODS`; every baseline
of `bssdemo.baselines.catalogue` is there by itself, as it is and, like our own estimates, refined.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo import audio, hub
from bssdemo.baselines.catalogue import BASELINES, Baseline
from bssdemo.checkpoint import CheckpointError
from bssdemo.search.pgd import PRESETS, SearchConfig, separate
from bssdemo.search.refine import RefineConfig, refine
from bssdemo.snapshot import Snapshot
from bssdemo.unmix import spectrogram

# mixtures, and the number of the first of them in the whole run: randomness may depend on it, never on the batch
Separator = Callable[[Float[Tensor, "B samples"], int], Iterator[Snapshot]]
Answer = Callable[
    [Tensor, Tensor, Tensor], Tensor
]  # mix (B, N), estimates and refs (B, K, N) -> stems (B, K, N)


@dataclass(frozen=True)
class Setting:
    """What the separators are built for. None means the preset's own value, which is the page's default.

    With `unknown_level` a mixture is brought to the level that the search expects, as the page does with
    every file; without, it is known to be a plain sum of peak-normalised sources, as in the paper.
    `without` names the terms of the objective whose weight is 0.
    """

    sources: tuple[str, ...]
    preset: str = "balanced"
    steps: int | None = None
    starts: int | None = None
    seed: int = 0
    checkpoints: Path | None = None  # a folder of checkpoints; None for the Hub or the bundled ones
    unknown_level: bool = False
    start: Literal["zeros", "encoder", "random"] | None = None
    gain: Literal["fixed", "estimated"] | None = None
    without: tuple[str, ...] = ()

    @property
    def config(self) -> SearchConfig:
        """The preset with what was asked for."""
        asked = {name: getattr(self, name) for name in ("steps", "starts", "start", "gain")}
        config = replace(PRESETS[self.preset], **{name: value for name, value in asked.items() if value})
        weights = replace(config.objective.weights, **dict.fromkeys(self.without, 0.0))
        return replace(config, objective=replace(config.objective, weights=weights))

    @property
    def priors(self) -> list[hub.Prior]:
        """One per source."""
        return [hub.load_prior(name, self.checkpoints) for name in self.sources]


@dataclass(frozen=True)
class Method:
    """`separator` builds what runs on the mixtures; `answer` turns its last estimates into the stems.

    `unnamed` estimates are components in no order: they are scored in their best one (evaluation/assignment.py).
    """

    separator: Callable[[Setting], Separator]
    answer: Answer = lambda mix, estimates, refs: estimates
    searches: bool = False  # in the priors' latent spaces
    unnamed: bool = False


def search(setting: Setting) -> Separator:
    """The search as the page runs it; the estimates are the generators' outputs themselves."""
    priors, config = setting.priors, setting.config
    generators, encoders = [prior.generator for prior in priors], [prior.encoder for prior in priors]

    def run(mix: Float[Tensor, "B samples"], first: int) -> Iterator[Snapshot]:
        level = audio.peak_of_sum(len(priors)) / mix.abs().amax(-1, keepdim=True)
        level = level if setting.unknown_level else torch.ones_like(level)
        numbers = range(first, first + len(mix))
        seeded = [torch.Generator().manual_seed((setting.seed << 32) + number) for number in numbers]
        for snapshot in separate(mix * level, generators, config, encoders=encoders, generator=seeded):
            yield replace(snapshot, estimates=snapshot.estimates / level[..., None])

    return run


def paper_search(setting: Setting) -> Separator:
    """`search` with the paper's objective and schedule, whatever preset the others have."""
    return search(replace(setting, preset="paper"))


def nothing(setting: Setting) -> Separator:
    """The mixture itself as the estimate of every source."""

    def run(mix: Float[Tensor, "B samples"], first: int) -> Iterator[Snapshot]:
        estimates = mix[:, None, :].expand(-1, len(setting.sources), -1)
        yield Snapshot(0, 0, {}, mix.new_zeros(len(mix)), estimates, elapsed=0.0, done=True)

    return run


def refined(mix: Tensor, estimates: Tensor, refs: Tensor) -> Tensor:
    """Masks made of the estimates, on the mixture."""
    return refine(mix, estimates).stems


def shared_out(mix: Tensor, estimates: Tensor, refs: Tensor) -> Tensor:
    """The same with all of the mixture shared out among the sources."""
    return refine(mix, estimates, RefineConfig(residual=0.0)).stems


def _by_baseline(name: str, baseline: Baseline) -> dict[str, Method]:
    """Its components as they come, and masks made of them as of our own estimates; one run serves both."""

    def build(setting: Setting) -> Separator:
        def run(mix: Float[Tensor, "B samples"], first: int) -> Iterator[Snapshot]:
            return baseline.separate(mix, len(setting.sources), seed=setting.seed)

        return run

    return {name: Method(build, unnamed=True), f"{name}-refined": Method(build, refined, unnamed=True)}


def masks(setting: Setting, supervised: bool = False) -> Separator:
    """Unmix-and-remix on spectrograms: the network trained on mixtures of these two kinds. Raises CheckpointError."""
    unmixer = hub.load_sound_unmixer(setting.sources, setting.checkpoints, supervised)
    order = [unmixer.sources.index(name) for name in setting.sources]

    def run(mix: Float[Tensor, "B samples"], first: int) -> Iterator[Snapshot]:
        level = audio.peak_of_sum(len(order)) / mix.abs().amax(-1, keepdim=True)
        level = level if setting.unknown_level else torch.ones_like(level)
        for snapshot in spectrogram.separate(mix * level, unmixer.network):
            yield replace(snapshot, estimates=snapshot.estimates[:, order] / level[..., None])

    return run


def masks_of_the_twin(setting: Setting) -> Separator:
    """The same with the network that was shown the true sources."""
    return masks(setting, supervised=True)


METHODS: dict[str, Method] = {
    "raw": Method(search, searches=True),
    "refined": Method(search, refined, searches=True),
    "refined-without-residual": Method(search, shared_out, searches=True),
    "paper": Method(paper_search, searches=True),
    "paper-refined": Method(paper_search, refined, searches=True),
    "unmix": Method(masks),
    "unmix-supervised": Method(masks_of_the_twin),
    "mixture": Method(nothing),  # what doing nothing scores
    "oracle": Method(nothing, lambda mix, estimates, refs: refine(mix, refs).stems),  # what masks could reach
}
for key, baseline in BASELINES.items():
    METHODS |= _by_baseline(key, baseline)


def runnable(setting: Setting) -> tuple[str, ...]:
    """Every method, but mask networks only where there is one for these sources."""
    networks = {"unmix": False, "unmix-supervised": True}
    return tuple(
        name for name in METHODS if name not in networks or _has_masks(setting, supervised=networks[name])
    )


def _has_masks(setting: Setting, supervised: bool) -> bool:
    try:
        hub.load_sound_unmixer(setting.sources, setting.checkpoints, supervised)
    except CheckpointError:
        return False
    return True


def fingerprints(setting: Setting) -> dict[str, str]:
    """Source -> a short digest of its prior's weights and of its encoder's: tells whether they are still the same."""
    found = {}
    for source, prior in zip(setting.sources, setting.priors, strict=True):
        digest = hashlib.sha256()
        for network in (prior.generator, prior.encoder):
            for name, values in (network.state_dict() if network is not None else {}).items():
                digest.update(name.encode() + values.float().cpu().numpy().tobytes())
        found[source] = digest.hexdigest()[:12]
    return found
