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
    """Estimates with their gains, unweighted terms, leash and total; every tensor is detached."""

    estimates: Float[Tensor, "B K samples"]
    gains: Float[Tensor, "B K"]  # already within the estimates
    terms: Mapping[str, Float[Tensor, " B"]]
    leash: Float[Tensor, " B"]  # the weighted regulariser
    total: Float[Tensor, " B"]

    @staticmethod
    def of(
        estimates: Float[Tensor, "B K samples"],
        gains: Float[Tensor, "B K"],
        terms: Mapping[str, Float[Tensor, " B"]],
        leash: Float[Tensor, " B"],
        weights: Weights,
    ) -> Best:
        """The candidates of one iterate."""
        values = {name: value.detach() for name, value in terms.items()}
        pull = leash.detach()
        return Best(estimates.detach(), gains.detach(), values, pull, weighted(values, weights) + pull)

    def reweighted(self, weights: Weights) -> Best:
        """The same candidates judged by other weights."""
        return replace(self, total=weighted(self.terms, weights) + self.leash)

    def or_better(self, other: Best) -> Best:
        """Per example, whichever has the lower total; `self` where they are equal."""
        better = other.total < self.total
        return Best(
            torch.where(better[:, None, None], other.estimates, self.estimates),
            torch.where(better[:, None], other.gains, self.gains),
            {name: torch.where(better, other.terms[name], value) for name, value in self.terms.items()},
            torch.where(better, other.leash, self.leash),
            torch.where(better, other.total, self.total),
        )

    def rows(self, chosen: Int[Tensor, " rows"]) -> Best:
        """The candidates in these rows."""
        values = {name: value[chosen] for name, value in self.terms.items()}
        return Best(
            self.estimates[chosen], self.gains[chosen], values, self.leash[chosen], self.total[chosen]
        )

    def leaders(self, starts: int) -> Int[Tensor, " examples"]:
        """The rows of the best of each `starts` neighbours, which are the starts of one example."""
        lowest = self.total.reshape(-1, starts).argmin(1)
        return torch.arange(len(lowest), device=lowest.device) * starts + lowest
