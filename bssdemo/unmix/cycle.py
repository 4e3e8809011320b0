"""Unmix, swap, remix, and the same again (Hoshen 2018, equations 1-3 and 7-8).

A mask M(y) splits a mixture y into x = y M and b = y (1 - M). Two mixtures y1, y2 exchange their second
parts, z1 = x1 + b2 and z2 = x2 + b1. If M separates independent sources, z1 and z2 are mixtures like any
other, and doing it once more gives y1 and y2 back: the cycle, `steps`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.snapshot import PictureSnapshot

Mask = Callable[[Tensor], Tensor]  # pictures (B, channels, h, w) -> masks of the same shape in [0, 1]


StepName = Literal["mixtures", "unmixed", "remixed", "unmixed again", "back"]


@dataclass(frozen=True)
class Unmixed:
    """`sources` = mixture * mask and mixture * (1 - mask), which add up to the mixture."""

    mask: Float[Tensor, "*batch channels h w"]
    sources: Float[Tensor, "*batch 2 channels h w"]


def unmix(mixture: Float[Tensor, "*batch channels h w"], network: Mask) -> Unmixed:
    """The two sources of each mixture by `network`'s mask (equations 1 and 2)."""
    batch = mixture.flatten(0, -4) if mixture.ndim > 3 else mixture[None]
    mask = network(batch).view(mixture.shape)
    first = mixture * mask
    return Unmixed(mask, torch.stack([first, mixture - first], dim=-4))


def swap(
    one: Float[Tensor, "*batch 2 channels h w"], other: Float[Tensor, "*batch 2 channels h w"]
) -> tuple[Float[Tensor, "*batch channels h w"], Float[Tensor, "*batch channels h w"]]:
    """Both remixes: the first source of either with the second source of the other (equation 3)."""
    (x1, b1), (x2, b2) = one.unbind(-4), other.unbind(-4)
    return x1 + b2, x2 + b1


@torch.no_grad()
def unmix_all(mixture: Float[Tensor, "n channels h w"], network: Mask, chunk: int = 250) -> Unmixed:
    """`unmix` for any number of mixtures, `chunk` at a time, without gradients."""
    parts = [unmix(part, network) for part in mixture.split(chunk)]
    return Unmixed(torch.cat([p.mask for p in parts]), torch.cat([p.sources for p in parts]))


def separate(mixture: Float[Tensor, "n channels h w"], network: Mask) -> Iterator[PictureSnapshot]:
    """Both sources of every mixture in one pass; one snapshot. They add up to the mixture."""
    began = time.perf_counter()
    found = unmix_all(mixture, network)
    yield PictureSnapshot(
        1, 1, {}, mixture.new_zeros(len(mixture)), found.sources, time.perf_counter() - began,
        done=True, masks=found.mask,
    )  # fmt: skip


@dataclass(frozen=True)
class Step:
    """What there is after one step of the cycle; everything detached.

    `mixtures` are the given ones, then the remixes, then the given ones as they come back; `unmixed` holds
    their masks and sources where the step has made them.
    """

    name: StepName
    mixtures: Float[Tensor, "2 channels h w"]
    unmixed: Unmixed | None = None


def steps(mixtures: Float[Tensor, "2 channels h w"], network: Mask) -> Iterator[Step]:
    """The whole cycle on two mixtures in five steps; the last one's mixtures resemble the first one's."""
    yield Step("mixtures", mixtures)
    once = unmix_all(mixtures, network)
    yield Step("unmixed", mixtures, once)
    remixes = torch.stack(swap(*once.sources))
    yield Step("remixed", remixes)
    twice = unmix_all(remixes, network)
    yield Step("unmixed again", remixes, twice)
    yield Step("back", torch.stack(swap(*twice.sources)))
