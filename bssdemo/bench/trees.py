"""`python -m bssdemo bench tree RUN RUN ...`: do trees come apart into the right sources, and how clean are they?

Two or more mask networks trained on one set of three or more kinds, each dividing them in its own way. A kind of
source is known by the outputs it comes out of (`sides`), as the checkpoints' `sources` name them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bssdemo.bench import markdown

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from bssdemo.unmix.cycle import Mask

THERE = 1e-3  # mean brightness of a source that is there


class TreeError(ValueError):
    """The networks do not tell the sources apart; the message says which."""


@dataclass(frozen=True)
class Found:
    """What the trees of n mixtures made of K kinds: the leaf of each kind, zero without one."""

    estimates: Float[Tensor, "n K channels h w"]
    leaves: tuple[int, ...]  # how many there are, of any kind
    known: Bool[Tensor, "n K"]  # whether there is a leaf of the kind


def sides_of_kinds(labels: Sequence[str], networks: Sequence[Sequence[str]]) -> Mapping[tuple[int, ...], int]:
    """Sides -> number of the kind; `networks` are the texts of each network's two outputs.

    Raises TreeError when two kinds come out of the same outputs everywhere.
    """
    sides: dict[tuple[int, ...], int] = {}
    for kind, label in enumerate(labels):
        own = tuple(int(label in second.split(" + ")) for _, second in networks)
        if own in sides:
            raise TreeError(f"no network tells {labels[sides[own]]} and {label} apart")
        sides[own] = kind
    return sides


def take_apart(
    mixtures: Float[Tensor, "n channels h w"],
    networks: Sequence[Mask],
    kinds: Mapping[tuple[int, ...], int],
    whole: float,
) -> Found:
    """The tree of every mixture."""
    import torch

    from bssdemo.unmix.tree import grow

    estimates = mixtures.new_zeros(len(mixtures), len(kinds), *mixtures.shape[1:])
    known = torch.zeros(len(mixtures), len(kinds), dtype=torch.bool)
    leaves = []
    for row, mixture in enumerate(mixtures):
        root = grow(mixture, networks, whole)
        found = [] if root is None else list(root.leaves())
        leaves.append(len(found))
        for leaf in found:
            kind = kinds.get(leaf.sides)
            if kind is not None:
                estimates[row, kind] += leaf.picture
                known[row, kind] = True
    return Found(estimates, tuple(leaves), known)


def table(refs: Float[Tensor, "n K channels h w"], found: Found) -> str:
    """Markdown: a row per number of sources that are there; PSNR is of those, beside what an equal share scores.

    A single source has none: found, it is exact.
    """
    import torch

    from bssdemo.metrics.pictures import psnr

    there = refs.mean((2, 3, 4)) > THERE
    right = torch.tensor(found.leaves) == there.sum(1)
    same = right & (found.known == there).all(1)
    ours = psnr(refs, found.estimates)
    equal = psnr(
        refs,
        (refs.sum(1, keepdim=True) / there.sum(1).clamp_min(1)[:, None, None, None, None]).expand_as(refs),
    )
    lines = [
        ["sources", "mixtures", "right number of leaves", "and right kinds", "PSNR (dB)", "equal shares"]
    ]
    for count in there.sum(1).unique().tolist():
        rows = there.sum(1) == count
        scores = [f"{x[rows][there[rows]].mean():.2f}" if count > 1 else "n/a" for x in (ours, equal)]
        shares = [f"{100 * x[rows].float().mean():.1f} %" for x in (right, same)]
        lines.append([str(count), str(int(rows.sum())), *shares, *scores])
    return markdown.table(lines)
