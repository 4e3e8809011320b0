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

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

EPS = 1e-12  # lets a matrix of zeros pass: both parts are zero


@dataclass(frozen=True)
class PursuitConfig:
    """Lin, Chen, Ma 2010, section 4 and their public code's values."""

    first_step: float = 1.25  # mu is this over the largest singular value at first
    growth: float = 1.5  # of mu
    largest: float = 1e7  # of mu, over its first value
    tolerance: float = 1e-6  # ||M - L - S||_F / ||M||_F at the end
    most_steps: int = 200


def pursue(
    matrix: Float[Tensor, "*batch m n"], config: PursuitConfig = PursuitConfig()
) -> tuple[Float[Tensor, "*batch m n"], Float[Tensor, "*batch m n"]]:
    """Low-rank and sparse part of each matrix, whose sum is the matrix to the tolerance; batched."""
    m = matrix
    weight = max(m.shape[-2:]) ** -0.5
    spectral = torch.linalg.matrix_norm(m, 2)[..., None, None] + EPS
    frobenius = torch.linalg.matrix_norm(m) + EPS
    largest = m.abs().amax(dim=(-2, -1), keepdim=True)
    multiplier = m / torch.maximum(spectral, largest / weight)
    mu = config.first_step / spectral
    ceiling = mu * config.largest
    sparse = torch.zeros_like(m)
    for _ in range(config.most_steps):
        u, values, vh = torch.linalg.svd(m - sparse + multiplier / mu, full_matrices=False)
        low = (u * F.relu(values - 1 / mu[..., 0])[..., None, :]) @ vh
        rest = m - low + multiplier / mu
        sparse = rest.sign() * F.relu(rest.abs() - weight / mu)
        remainder = m - low - sparse
        if bool((torch.linalg.matrix_norm(remainder) <= config.tolerance * frobenius).all()):
            break
        multiplier = multiplier + mu * remainder
        mu = torch.minimum(mu * config.growth, ceiling)
    return low, sparse


def separate(mixture: Float[Tensor, "*batch channels h w"]) -> Float[Tensor, "*batch 2 channels h w"]:
    """Low-rank and sparse part of each picture as its two sources, clamped to [0, 1]."""
    return torch.stack(pursue(mixture), dim=-4).clamp(0, 1)
