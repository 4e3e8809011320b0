"""The rows of the benchmark's tables: what separates the mixtures, and what is made of its estimates to be scored.

Every method of `separation.METHODS` is there by itself. The search is `raw`, as its generators sound, and `refined`;
a method whose stems have no names is there as it is and, like our own estimates, refined. Rows with the same
separator share one run of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.data.clips import Split
from bssdemo.search.pgd import SearchConfig
from bssdemo.search.refine import BY_TRUTH, DEFAULT, RefineConfig, apply, refine
from bssdemo.separation.fingerprint import fingerprint
from bssdemo.separation.methods import METHODS, SEARCH, UNMIX, Setup
from bssdemo.separation.networks import Networks, priors_of, unmixer_of
from bssdemo.separation.request import Request, configure
from bssdemo.separation.run import snapshots
from bssdemo.separation.sharing import Sharing, sharing
from bssdemo.snapshot import Snapshot

WARM_UP = 4096  # samples of a first call that is not timed

# mixtures, and the number of the first of them in the whole run: randomness may depend on it, never on the batch
Separate = Callable[[Float[Tensor, "B samples"], int], Iterator[Snapshot]]
# mix (B, N), estimates and refs (B, K, N), what shares a mixture out -> stems (B, K, N)
Answer = Callable[[Tensor, Tensor, Tensor, Sharing], Tensor]


@dataclass(frozen=True)
class Setting:
    """What decides the scores, beside recordings and networks. None means the preset's own value, the page's default.

    Sources are scaled at random within `gain_range` decibels; then a mixture is brought to the level that a method
    expects, as the page does with every file. Without, it is known to be a plain sum of peak-normalised sources, as
    in the paper. `without` names the terms of the objective whose weight is 0.
    """

    sources: tuple[str, ...]
    split: Split = "test"
    seed: int = 0
    gain_range: float = 0.0
    preset: str = "balanced"
    steps: int | None = None
    starts: int | None = None
    start: Literal["zeros", "encoder", "random"] | None = None
    gain: Literal["fixed", "estimated"] | None = None
    without: tuple[str, ...] = ()
    people: bool = (
        False  # recordings as people bring them (data/kinds.PEOPLE), not those of the paper's tables
    )
    leash: float | None = None
    checkpoints: Path | None = None  # a folder of checkpoints; None for the Hub or the bundled ones

    @property
    def config(self) -> SearchConfig:
        """The preset with what was asked for."""
        config = configure(
            Request(self.sources, preset=self.preset, steps=self.steps, starts=self.starts, gain=self.gain)
        )
        weights = replace(config.objective.weights, **dict.fromkeys(self.without, 0.0))
        objective = replace(config.objective, weights=weights)
        leash = config.leash if self.leash is None else self.leash
        return replace(config, objective=objective, start=self.start or config.start, leash=leash)


@dataclass(frozen=True)
class Separator:
    """One of `separation.METHODS` by name, or None: the mixture itself is the estimate of every source.

    `preset` acts instead of the setting's; `supervised`: with the mask network that was shown the true sources.
    """

    method: str | None
    preset: str | None = None
    supervised: bool = False

    def networks(self, setting: Setting) -> Networks:
        """What it works with. Raises ValueError, CheckpointError among them, if it cannot take these sources."""
        if self.method is None:
            return Networks()
        method = METHODS[self.method]
        load = partial(unmixer_of, supervised=True) if self.supervised else method.load
        networks = Networks() if load is None else load(setting.sources, setting.checkpoints)
        if refused := method.lacking(setting.sources, networks):
            raise ValueError(refused)
        return networks

    def prepared(self, setting: Setting) -> Separate:
        """Ready to run, with its networks and libraries: what a first call costs once is no mixture's time.

        Raises what `networks` raises.
        """
        name, setting = self.method, replace(setting, preset=self.preset or setting.preset)
        if name is None:
            return lambda mix, first: _nothing(mix, len(setting.sources))
        known = not setting.gain_range
        setup = Setup(
            setting.sources,
            self.networks(setting),
            setting.config,
            setting.seed,
            level_known=known,
        )
        if METHODS[name].load is None:
            next(snapshots(torch.linspace(-1, 1, WARM_UP)[None].sin(), name, setup))
        return lambda mix, first: snapshots(mix, name, replace(setup, first=first))


@dataclass(frozen=True)
class Row:
    """`answer` turns the separator's last estimates into the stems that are scored.

    `unnamed` estimates are components in no order: they are scored in their best one (metrics/assignment.py).
    """

    separator: Separator
    answer: Answer = lambda mix, estimates, refs, share: estimates
    unnamed: bool = False

    @property
    def searches(self) -> bool:
        """Whether in the priors' latent spaces."""
        return self.separator.method == SEARCH


def plain(mix: Tensor, estimates: Tensor, refs: Tensor, share: Sharing) -> Tensor:
    """The mixture shared out by the formula."""
    return refine(mix, estimates).stems


def refined(mix: Tensor, estimates: Tensor, refs: Tensor, share: Sharing) -> Tensor:
    """The mixture shared out as a recording of a person's is."""
    return apply(share.masks(mix, estimates), mix, DEFAULT.stft)[..., :-1, :]


def without_residual(mix: Tensor, estimates: Tensor, refs: Tensor, share: Sharing) -> Tensor:
    """By the formula, all of the mixture among the sources."""
    return refine(mix, estimates, RefineConfig(residual=0.0)).stems


def oracle(mix: Tensor, estimates: Tensor, refs: Tensor, share: Sharing) -> Tensor:
    """What masks could reach: those of the true sources."""
    return refine(mix, refs, BY_TRUTH).stems


OWN_ROWS = {
    "raw": Row(Separator(SEARCH)),
    "refined": Row(Separator(SEARCH), refined),
    "refined-without-residual": Row(Separator(SEARCH), without_residual),
    "paper": Row(Separator(SEARCH, preset="paper")),
    "paper-refined": Row(Separator(SEARCH, preset="paper"), plain),
    "unmix": Row(Separator(UNMIX)),
    "unmix-supervised": Row(Separator(UNMIX, supervised=True)),
    "mixture": Row(Separator(None)),  # what doing nothing scores
    "oracle": Row(Separator(None), oracle),
}  # fmt: skip


def sharing_of(setting: Setting) -> Sharing:
    """What the search's estimates are shared out by. Without priors for its sources: the formula."""
    try:
        networks = priors_of(setting.sources, setting.checkpoints)
    except ValueError:
        return Sharing()
    priors = networks.serving(setting.sources, setting.config.objective.form)
    return sharing(networks, tuple(priors), True, setting.config.hears)


def rows() -> dict[str, Row]:
    """Every row by name, in the order of the tables."""
    found = dict(OWN_ROWS)
    for name, method in METHODS.items():
        if name in (SEARCH, UNMIX):
            continue
        found[name] = Row(Separator(name), unnamed=not method.named)
        if not method.named:
            found[f"{name}-refined"] = Row(Separator(name), plain, unnamed=True)
    return found


def runnable(setting: Setting) -> tuple[str, ...]:
    """Every row, but other networks than the search's only where they are there for these sources."""
    return tuple(name for name, row in rows().items() if row.searches or _has_networks(row, setting))


def _has_networks(row: Row, setting: Setting) -> bool:
    try:
        row.separator.networks(setting)
    except ValueError:
        return False
    return True


def fingerprints(setting: Setting) -> dict[str, str]:
    """Source -> a short digest of its prior's weights and of its encoder's: tells whether they are still the same."""
    networks, found = priors_of(setting.sources, setting.checkpoints), {}
    for source, prior in [*networks.priors.items(), *((f"{n}, dense", p) for n, p in networks.dense.items())]:
        found[source] = fingerprint(prior.generator, prior.encoder)
    if networks.share is not None:
        found["share"] = fingerprint(networks.share)
    if networks.tags is not None:
        found["tagger"] = fingerprint(networks.tags.network)
    return found


def _nothing(mix: Float[Tensor, "B samples"], sources: int) -> Iterator[Snapshot]:
    estimates = mix[:, None, :].expand(-1, sources, -1)
    yield Snapshot(0, 0, {}, mix.new_zeros(len(mix)), estimates, elapsed=0.0, done=True)
