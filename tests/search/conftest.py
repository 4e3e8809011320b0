"""Small random generators and mixtures of them: seconds on one core."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bssdemo.models import Generator
from bssdemo.search.latents import generate


def small_prior(seed: int, latent_size: int = 6) -> Generator:
    """A random generator whose layers are strong enough for audible sounds that depend on z."""
    torch.manual_seed(seed)
    prior = Generator(model_size=2, latent_size=latent_size)
    with torch.no_grad():
        prior.dense.weight *= 3
        for layer in prior.up:
            layer.weight *= 3
    return prior.freeze()


@pytest.fixture(scope="session")
def priors() -> list[Generator]:
    return [small_prior(1), small_prior(2, latent_size=9), small_prior(3)]


@pytest.fixture(scope="session")
def planted(priors: list[Generator]) -> Tensor:
    """Three mixtures (3, 16384) of the first two priors at known latents."""
    z = 1.4 * torch.rand(3, 15, generator=torch.Generator().manual_seed(4)) - 0.7
    return generate(z, priors[:2], False).sum(1)


@pytest.fixture
def noise() -> torch.Generator:
    return torch.Generator().manual_seed(0)
