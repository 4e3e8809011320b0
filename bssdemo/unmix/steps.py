"""The whole circle on two mixtures, step by step, for an animation: unmix, swap, unmix again, swap back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.unmix.cycle import Mask, Unmixed, swap, unmix

StepName = Literal["mixtures", "unmixed", "remixed", "unmixed again", "back"]


@dataclass(frozen=True)
class Step:
    """What there is after one step; everything detached.

    `mixtures` are the given ones, then the remixes, then the given ones as they come back; `unmixed` holds
    their masks and sources where the step has made them.
    """

    name: StepName
    mixtures: Float[Tensor, "2 channels h w"]
    unmixed: Unmixed | None = None


@torch.no_grad()
def _unmix(mixtures: Tensor, network: Mask) -> Unmixed:
    return unmix(mixtures, network)


def steps(mixtures: Float[Tensor, "2 channels h w"], network: Mask) -> Iterator[Step]:
    """Equations 1-3 and 7-8 of Hoshen 2018 as five steps; the last one's mixtures resemble the first one's."""
    yield Step("mixtures", mixtures)
    once = _unmix(mixtures, network)
    yield Step("unmixed", mixtures, once)
    remixes = torch.stack(swap(*once.sources))
    yield Step("remixed", remixes)
    twice = _unmix(remixes, network)
    yield Step("unmixed again", remixes, twice)
    yield Step("back", torch.stack(swap(*twice.sources)))
