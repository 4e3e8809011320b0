"""What decides a training by unmix-and-remix, and the named settings: the paper's exact one and the one that works."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bssdemo.data.sets import ALL_SETS
from bssdemo.data.spectrograms import SOUND_SETS
from bssdemo.training.mask_losses import Weights


@dataclass(frozen=True)
class UnmixConfig:
    """One training run; everything that decides its result. Defaults: the paper's section 4 and 5."""

    name: str  # of the set of pictures or sounds
    supervised: bool = False
    inside: str = ""  # the checkpoint whose larger source is to be split; empty: the mixture
    width: int = 64
    levels: int = 4
    bounded: bool = False  # masks that keep both sources in [0, 1]
    weights: Weights = field(default_factory=Weights)
    margin: float = 0.25  # of the balance term, at the end
    tight_until: float = 0.0  # share of the run before which the margin is 0
    learning_rate: float = 1e-4
    decay_from: float = 1.0  # share of the run after which the learning rate falls (cosine)
    mask_updates: int = 4  # for each of the discriminator
    pairs: int = 32  # of mixtures in a batch; the paper does not say
    average: float = 0.999  # of the weights, from step to step
    structure: float = 0.0  # weight of 1 - SSIM beside the squared error, supervised
    steps: int = 40_000
    mixtures: int = 25_000
    seed: int = 0


WORKING_WEIGHTS = Weights(cycle=1.0, adversarial=5.0, equity=1.0, balance=20.0)
WORKING = UnmixConfig(
    name="",
    width=32,
    bounded=True,
    weights=WORKING_WEIGHTS,
    learning_rate=2e-4,
    decay_from=0.6,
    mask_updates=1,
    steps=6_000,
)
WORKING_SOUND = replace(WORKING, width=16, bounded=False, weights=replace(WORKING_WEIGHTS, equity=0.0))
# The true share of the first kind on validation mixtures: 0.62, 0.29 and 0.21; a batch must be allowed it.
SOUND_MARGINS: Mapping[str, float] = {"digit-drums": 0.3, "digit-piano": 0.45, "drums-piano": 0.6}
TWIN = {"learning_rate": 1e-3, "structure": 0.05, "steps": 5_000}  # what supervised training has otherwise
CONFIGS: Mapping[str, Mapping[str, UnmixConfig]] = {
    "paper": {name: UnmixConfig(name, mixtures=chosen.train_mixtures) for name, chosen in ALL_SETS.items()},
    "working": {
        "mnist": replace(WORKING, name="mnist", tight_until=0.4, steps=12_000),
        "fashion": replace(WORKING, name="fashion"),
        "shoes-bags": replace(
            WORKING, name="shoes-bags", weights=replace(WORKING_WEIGHTS, balance=40.0), mixtures=10_000
        ),
        "digits-014": replace(
            WORKING,
            name="digits-014",
            weights=replace(WORKING_WEIGHTS, balance=100.0),
            bounded=False,
            margin=0.5,
        ),
        **{name: replace(WORKING_SOUND, name=name, margin=SOUND_MARGINS[name]) for name in SOUND_SETS},
    },
}


def learning_rate(config: UnmixConfig, step: int) -> float:
    """Constant, then a cosine to a fiftieth over the last part of the run."""
    past = max(0.0, step / config.steps - config.decay_from) / max(1e-9, 1 - config.decay_from)
    return config.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, past))))


def margin(config: UnmixConfig, step: int) -> float:
    """Of the balance term: none while masks are poor, then, over a fifth of the run, as wide as sources differ."""
    if config.tight_until == 0:
        return config.margin
    return config.margin * min(1.0, max(0.0, (step / config.steps - config.tight_until) / 0.2))
