"""More than two sources: unmix, then unmix what comes out, until it is clean (Hoshen 2018, section 6).

The paper leaves open how to notice a clean source. Here: several mask networks divide the same kinds of sources
in different ways, say A | B C and B | A C. A picture is whole, a leaf of the tree, when every network leaves it so:
it gives at least the share `whole` of the brightness to one output. Otherwise the network that divides
it most evenly does so, and both parts are looked at again by the other networks. Which outputs a leaf came out of
is its `side`s: one per network, the same for all leaves of one kind.

A network can only know a clean source when it has seen some, unnamed, among the mixtures it was trained on: there,
each kind must be absent now and then (`presence` in training/pictures.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.unmix.cycle import Mask, unmix

WHOLE = 0.8  # share of the brightness in one output from which a picture counts as whole; chosen on validation mixtures
EMPTY = 1e-6  # of brightness: nothing that could be divided


@dataclass(frozen=True)
class Node:
    """A picture and, unless it is whole, the two parts it was divided into.

    `shares` are what each network gives, or on the way here gave, to its first output.
    """

    picture: Float[Tensor, "channels h w"]
    shares: tuple[float, ...]
    parts: tuple[Node, Node] | None = None

    @property
    def sides(self) -> tuple[int, ...]:
        """For each network the output that holds more of the picture, 0 or 1."""
        return tuple(int(share < 0.5) for share in self.shares)

    def leaves(self) -> Iterator[Node]:
        """The clean sources below this node, or itself."""
        if self.parts is None:
            yield self
        else:
            for part in self.parts:
                yield from part.leaves()


def grow(
    mixture: Float[Tensor, "channels h w"], networks: Sequence[Mask], whole: float = WHOLE
) -> Node | None:
    """The tree of a mixture; None for an empty one. No branch is longer than there are networks."""
    return None if mixture.sum() < EMPTY else _grow(mixture, networks, whole, {})


@torch.no_grad()
def _grow(picture: Tensor, networks: Sequence[Mask], whole: float, known: dict[int, float]) -> Node:
    """`known`: the sides of the networks that have divided already, which are not asked again."""
    answers = {k: unmix(picture, network) for k, network in enumerate(networks) if k not in known}
    total = picture.sum()
    asked = {k: float(answer.sources[0].sum() / total) for k, answer in answers.items()}
    shares = tuple((known | asked)[k] for k in range(len(networks)))
    evenness = {k: min(share, 1 - share) for k, share in asked.items()}
    divider = max(evenness, key=evenness.__getitem__, default=None)
    if divider is None or evenness[divider] <= 1 - whole:
        return Node(picture, shares)
    first, second = answers[divider].sources
    return Node(
        picture,
        shares,
        (
            _grow(first, networks, whole, known | {divider: 1.0}),
            _grow(second, networks, whole, known | {divider: 0.0}),
        ),
    )
