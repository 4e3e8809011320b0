"""Robust PCA: principal component pursuit by the inexact augmented Lagrangian (Candès et al. 2011; Lin, Chen, Ma 2010).

    minimise ||L||_* + lambda ||S||_1   subject to   L + S = M,   lambda = 1 / sqrt(max(m, n))

With Y the multiplier and mu growing from step to step:

    L <- singular values of M - S + Y / mu, each lowered by 1 / mu (but not below 0)
    S <- entries of M - L + Y / mu, each brought lambda / mu closer to 0
    Y <- Y + mu (M - L - S)

As a separator (Huang et al. 2012, the baseline of Hoshen 2018) the low-rank part is one source and the sparse
part the other, channel by channel.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from bssdemo.snapshot import PictureSnapshot

EPS = 1e-12  # lets a matrix of zeros pass: both parts are zero


@dataclass(frozen=True)
class PursuitConfig:
    """Lin, Chen, Ma 2010, section 4 and their public code's values."""

    first_step: float = 1.25  # mu is this over the largest singular value at first
    growth: float = 1.5  # of mu
    largest: float = 1e7  # of mu, over its first value
    tolerance: float = 1e-6  # ||M - L - S||_F / ||M||_F at the end
    most_steps: int = 200


@dataclass(frozen=True)
class Decomposition:
    """The parts of every matrix after `step` steps, and how much of it they leave: ||M - L - S||_F / ||M||_F."""

    step: int
    low: Float[Tensor, "*batch m n"]
    sparse: Float[Tensor, "*batch m n"]
    left: Float[Tensor, "*batch"]
    done: bool  # nothing is left of any of them, to the tolerance, or the steps are used up


def pursue(
    matrix: Float[Tensor, "*batch m n"], config: PursuitConfig = PursuitConfig()
) -> Iterator[Decomposition]:
    """Low-rank and sparse part of each matrix after every step; batched."""
    m = matrix
    weight = max(m.shape[-2:]) ** -0.5
    spectral = torch.linalg.matrix_norm(m, 2)[..., None, None] + EPS
    frobenius = torch.linalg.matrix_norm(m) + EPS
    largest = m.abs().amax(dim=(-2, -1), keepdim=True)
    multiplier = m / torch.maximum(spectral, largest / weight)
    mu = config.first_step / spectral
    ceiling = mu * config.largest
    sparse = torch.zeros_like(m)
    for step in range(1, config.most_steps + 1):
        u, values, vh = torch.linalg.svd(m - sparse + multiplier / mu, full_matrices=False)
        low = (u * F.relu(values - 1 / mu[..., 0])[..., None, :]) @ vh
        rest = m - low + multiplier / mu
        sparse = rest.sign() * F.relu(rest.abs() - weight / mu)
        remainder = m - low - sparse
        left = torch.linalg.matrix_norm(remainder) / frobenius
        done = step == config.most_steps or bool((left <= config.tolerance).all())
        yield Decomposition(step, low, sparse, left, done)
        if done:
            return
        multiplier = multiplier + mu * remainder
        mu = torch.minimum(mu * config.growth, ceiling)


def separate(
    mixture: Float[Tensor, "*batch channels h w"],
    config: PursuitConfig = PursuitConfig(),
    *,
    stop: Callable[[], bool] | None = None,
) -> Iterator[PictureSnapshot]:
    """Low-rank and sparse part of each picture as its two sources, clamped to [0, 1]; a snapshot per step.

    The term "left" is the share of a mixture that the parts do not add up to, mean over channels.
    When `stop` says so, the next snapshot is the last.
    """
    began = time.perf_counter()
    for parts in pursue(mixture, config):
        left = parts.left.mean(-1)
        done = parts.done or (stop is not None and stop())
        sources = torch.stack([parts.low, parts.sparse], dim=-4).clamp(0, 1)
        elapsed = time.perf_counter() - began
        yield PictureSnapshot(parts.step, config.most_steps, {"left": left}, left, sources, elapsed, done)
        if done:
            return
