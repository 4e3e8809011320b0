"""Candidates of a search, one per example and start, and the better of two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from bssdemo.search.objective import Weights, weighted


@dataclass(frozen=True)
class Best:
    """Estimates with their gains, unweighted terms and distance, and the total; every tensor is detached."""

    estimates: Float[Tensor, "B K samples"]
    gains: Float[Tensor, "B K"]  # already within the estimates
    terms: Mapping[str, Float[Tensor, " B"]]
    distance: Float[Tensor, " B"]  # R, the regulariser, unweighted
    leash: Float[Tensor, " B"]  # the same times its weight
    total: Float[Tensor, " B"]

    @staticmethod
    def of(
        estimates: Float[Tensor, "B K samples"],
        gains: Float[Tensor, "B K"],
        terms: Mapping[str, Float[Tensor, " B"]],
        distance: Float[Tensor, " B"],
        weights: Weights,
        pull: float,
    ) -> Best:
        """The candidates of one iterate; `pull` is the weight of the distance."""
        values = {name: value.detach() for name, value in terms.items()}
        leash = pull * distance.detach()
        total = weighted(values, weights) + leash
        return Best(estimates.detach(), gains.detach(), values, distance.detach(), leash, total)

    def reweighted(self, weights: Weights, pull: float) -> Best:
        """The same candidates judged by other weights."""
        leash = pull * self.distance
        return replace(self, leash=leash, total=weighted(self.terms, weights) + leash)

    def or_better(self, other: Best) -> Best:
        """Per example, whichever has the lower total; `self` where they are equal."""
        better = other.total < self.total
        return Best(
            torch.where(better[:, None, None], other.estimates, self.estimates),
            torch.where(better[:, None], other.gains, self.gains),
            {name: torch.where(better, other.terms[name], value) for name, value in self.terms.items()},
            torch.where(better, other.distance, self.distance),
            torch.where(better, other.leash, self.leash),
            torch.where(better, other.total, self.total),
        )

    def rows(self, chosen: Int[Tensor, " rows"]) -> Best:
        """The candidates in these rows."""
        values = {name: value[chosen] for name, value in self.terms.items()}
        return Best(
            self.estimates[chosen],
            self.gains[chosen],
            values,
            self.distance[chosen],
            self.leash[chosen],
            self.total[chosen],
        )

    def leaders(self, starts: int) -> Int[Tensor, " examples"]:
        """The rows of the best of each `starts` neighbours, which are the starts of one example."""
        lowest = self.total.reshape(-1, starts).argmin(1)
        return torch.arange(len(lowest), device=lowest.device) * starts + lowest
