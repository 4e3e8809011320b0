"""The objective of the search, equation 6: L = b1 L_ms + b2 L_sd + b3 L_mc + b4 L_fc, per example.

Three forms compute the four terms: `paper` (its equations), `reference` (its public code) and
`balanced` (ours, rescaled so that every weight matters); docs/guide/search.md compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.search.objective import balanced, gradients, paper, reference
from bssdemo.search.objective.pieces import TERMS, split_terms, sum_terms

__all__ = ["TERMS", "Form", "Objective", "Target", "Weights", "prepare", "shares", "terms", "weighted"]

Form = Literal["paper", "reference", "balanced"]
_FORMS = {"paper": paper, "reference": reference, "balanced": balanced}


@dataclass(frozen=True)
class Weights:
    """beta1..beta4 of equation 6, named by the terms they multiply, and the weight of R of equation 1.

    `leash` None: the search's own, as its settings say.
    """

    spectral: float
    dissociation: float
    coherence: float
    frequency: float
    leash: float | None = None


@dataclass(frozen=True)
class Objective:
    """Which form of the four terms, and the weights to begin with."""

    form: Form
    weights: Weights


@dataclass(frozen=True)
class Target:
    """A batch of mixtures, ready to be compared with; made by `prepare`."""

    form: Form
    mixture: paper.Target | reference.Target | balanced.Target


def prepare(mix: Float[Tensor, "B samples"], form: Form) -> Target:
    """Everything that depends on the mixtures alone, computed once per search."""
    return Target(form, _FORMS[form].prepare(mix))


def terms(target: Target, sources: Float[Tensor, "B K samples"]) -> dict[str, Float[Tensor, " B"]]:
    """The four unweighted terms by name, differentiable with respect to the sources; any K >= 1."""
    return sum_terms(_FORMS[target.form].measure(target.mixture, sources))


def weighted(values: Mapping[str, Float[Tensor, "*batch"]], weights: Weights) -> Float[Tensor, "*batch"]:
    """Equation 6: the sum of the terms times their weights."""
    return torch.stack([getattr(weights, name) * values[name] for name in TERMS]).sum(0)


@torch.no_grad()
def shares(target: Target, sources: Float[Tensor, "B K samples"]) -> dict[str, Float[Tensor, "B K"]]:
    """How much of each term belongs to each source; sums over K to the term. For display.

    A bin's value (spectral, frequency) is divided by the sources' shares of the power in it, a norm
    (coherence) as its squares are, a pair's value (dissociation) half and half.
    """
    form = _FORMS[target.form]
    powers = gradients.row_powers(sources)[:, :-1]
    pieces = form.measure(target.mixture, sources)
    return split_terms(pieces, powers, form.spectral_powers(powers, sources))
