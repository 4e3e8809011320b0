"""Candidates of a search, one per example and start, and the better of two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from bssdemo.search.objective import Weights, weighted


@dataclass(frozen=True)
class Best:
    """Estimates with their unweighted terms and their total; every tensor is detached."""

    estimates: Float[Tensor, "B K samples"]
    terms: Mapping[str, Float[Tensor, " B"]]
    total: Float[Tensor, " B"]

    @staticmethod
    def of(
        estimates: Float[Tensor, "B K samples"],
        terms: Mapping[str, Float[Tensor, " B"]],
        weights: Weights,
    ) -> Best:
        """The candidates of one iterate."""
        values = {name: value.detach() for name, value in terms.items()}
        return Best(estimates.detach(), values, weighted(values, weights))

    def reweighted(self, weights: Weights) -> Best:
        """The same candidates judged by other weights."""
        return Best(self.estimates, self.terms, weighted(self.terms, weights))

    def or_better(self, other: Best) -> Best:
        """Per example, whichever has the lower total; `self` where they are equal."""
        better = other.total < self.total
        return Best(
            torch.where(better[:, None, None], other.estimates, self.estimates),
            {name: torch.where(better, other.terms[name], value) for name, value in self.terms.items()},
            torch.where(better, other.total, self.total),
        )

    def rows(self, chosen: Int[Tensor, " rows"]) -> Best:
        """The candidates in these rows."""
        values = {name: value[chosen] for name, value in self.terms.items()}
        return Best(self.estimates[chosen], values, self.total[chosen])

    def leaders(self, starts: int) -> Int[Tensor, " examples"]:
        """The rows of the best of each `starts` neighbours, which are the starts of one example."""
        lowest = self.total.reshape(-1, starts).argmin(1)
        return torch.arange(len(lowest), device=lowest.device) * starts + lowest
