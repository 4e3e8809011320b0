"""What a search is told to do, and the three named settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bssdemo.search.objective import Objective, Weights


@dataclass(frozen=True)
class SearchConfig:
    """Settings of one search; the defaults are the paper's (section 3.2, algorithm 1, released code).

    `starts` = 1 begins at z = 0; S begins there and at random points, the best one is kept per
    example. With `explore`, after that many steps only each example's best start goes on.
    `start` = "encoder" puts the encoders' z before z = 0 (a prior without one starts at 0); "random": all the
    starts are random points. `leash` is the weight of the regulariser R of equation 1, which pulls latents and gains
    to the encoders' answer wherever the search begins; 0: without encoders' start nobody asks the encoders.
    `gain` = "estimated" searches a factor for every source too, for mixtures at unknown levels.
    `peak_normalise` divides every generator's output by its own peak before it is added.
    `bound` is the projection: latents are clipped to [-bound, bound] after every step; None: they are not.
    """

    objective: Objective
    steps: int = 1000
    learning_rate: float = 0.05
    schedule: Literal["constant", "cosine"] = "constant"
    start: Literal["zeros", "encoder", "random"] = "zeros"
    starts: int = 1
    explore: int | None = None
    leash: float = 0.0
    gain: Literal["fixed", "estimated"] = "fixed"
    peak_normalise: bool = False
    bound: float | None = 1.0  # algorithm 1: z is drawn from U(-1, 1) in training

    @property
    def hears(self) -> bool:
        """Whether the search needs the encoders' answer."""
        return self.start == "encoder" or self.leash > 0

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps}")
        if self.starts < 1:
            raise ValueError(f"starts must be at least 1, got {self.starts}")
        if self.explore is not None and self.explore < 1:
            raise ValueError(f"explore must be at least 1 or None, got {self.explore}")
        if not 0 <= self.leash < float("inf"):
            raise ValueError(f"leash must not be negative, got {self.leash}")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")
        if self.bound is not None and not self.bound > 0:
            raise ValueError(f"bound must be above 0 or None, got {self.bound}")


PRESETS: dict[str, SearchConfig] = {
    # equations 1-6 and algorithm 1 with the weights below equation 6
    "paper": SearchConfig(Objective("paper", Weights(0.8, 0.3, 0.1, 0.4))),
    # the authors' public code: its weights, its variants of the terms, outputs divided by their peak,
    # and a projection that never reaches the latents
    "reference": SearchConfig(
        Objective("reference", Weights(0.3, 0.4, 0.1, 0.8)), peak_normalise=True, bound=None
    ),
    # ours: weights, rate, steps and starts chosen on the validation part of the training recordings
    "balanced": SearchConfig(
        Objective("balanced", Weights(0.8, 0.02, 0.2, 0.2)),
        steps=24,
        learning_rate=0.2,
        schedule="cosine",
        leash=100.0,  # strong: what the mixture's sum alone asks for is no better separation (docs/log.md)
        gain="estimated",
    ),
}
