"""The four terms before they are summed, so that one computation serves the loss and its shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.search.objective.gradients import midpoints, pairs, pyramid

TERMS = ("spectral", "dissociation", "coherence", "frequency")  # beta1..beta4, equations 2-5
POWER_EPS = 1e-8  # added to a source's power in a bin: silent bins are shared equally


@dataclass(frozen=True)
class Pieces:
    """One objective's value in pieces; every piece is already scaled, a term is their plain sum.

    spectral: a value for every bin, per resolution. dissociation: one value per pair of sources, in the
    order of `gradients.pairs`. coherence: per level, norms as (value, the squares it is a norm of), whose
    squares laid end to end are the places of `gradients.gradient`. frequency: a value for every bin.
    """

    spectral: Sequence[Float[Tensor, "B _ _"]]
    dissociation: Float[Tensor, "B pairs"]
    coherence: Sequence[Sequence[tuple[Float[Tensor, " B"], Float[Tensor, "B _"]]]]
    frequency: Float[Tensor, "B frames bins"]


def sum_terms(pieces: Pieces) -> dict[str, Float[Tensor, " B"]]:
    """The four terms, one value per example."""
    values = [value for level in pieces.coherence for value, _ in level]
    return {
        "spectral": torch.stack([bins.sum((1, 2)) for bins in pieces.spectral]).sum(0),
        "dissociation": pieces.dissociation.sum(1),
        "coherence": torch.stack(values).sum(0),
        "frequency": pieces.frequency.sum((1, 2)),
    }


def split_terms(
    pieces: Pieces,
    powers: Float[Tensor, "B K frames bins"],
    spectral_powers: Sequence[Float[Tensor, "B K _ _"]],
) -> dict[str, Float[Tensor, "B K"]]:
    """The four terms divided among the sources, by their share of the power in each bin.

    `powers` are the sources' on the grid of `gradients.STFT`, `spectral_powers` on the grids of
    `pieces.spectral`. A norm is divided as its squares are; a pair's value is halved.
    """
    levels = [_share(level) for level in pyramid(powers)]
    spectral = [
        _divide(bins, _share(power)) for bins, power in zip(pieces.spectral, spectral_powers, strict=True)
    ]
    coherence = []
    for norms, share in zip(pieces.coherence, levels, strict=True):
        start, places = 0, midpoints(share)
        for value, squares in norms:
            stop = start + squares.shape[1]
            raised = squares + POWER_EPS
            weight = raised / raised.sum(1, keepdim=True)
            split = (weight[:, None] * places[..., start:stop]).sum(-1)
            coherence.append(value[:, None] * split)
            start = stop
    dissociation = torch.zeros_like(powers[:, :, 0, 0])
    for column, pair in enumerate(zip(*pairs(powers.shape[1]), strict=True)):
        for source in pair:
            dissociation[:, source] += pieces.dissociation[:, column] / 2
    return {
        "spectral": torch.stack(spectral).sum(0),
        "dissociation": dissociation,
        "coherence": torch.stack(coherence).sum(0),
        "frequency": _divide(pieces.frequency, levels[0]),
    }


def _share(powers: Float[Tensor, "B K frames bins"]) -> Float[Tensor, "B K frames bins"]:
    """Each source's part of the power in every bin; sums over K to one."""
    raised = powers + POWER_EPS
    return raised / raised.sum(1, keepdim=True)


def _divide(
    bins: Float[Tensor, "B frames bins"], share: Float[Tensor, "B K frames bins"]
) -> Float[Tensor, "B K"]:
    return (bins[:, None] * share).sum((2, 3))
