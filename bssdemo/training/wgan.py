"""WGAN-GP (Gulrajani et al. 2017), the adversarial stage: the paper's training of its priors.

Critic loss  E[D(fake)] - E[D(real)] + 10 E[(||grad D(x)||_2 - 1)^2],  x between real and fake;
generator loss  -E[D(G(z))],  z ~ U(-1, 1)^latent. Five critic updates for one of the generator.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

PENALTY = 10.0  # lambda
CRITIC_STEPS = 5
LEARNING_RATE = 1e-4  # section 4
BETAS = (0.5, 0.9)


def uniform_latents(size: int, latent: int, generator: torch.Generator) -> Float[Tensor, "B latent"]:
    """z ~ U(-1, 1)^latent."""
    return torch.rand(size, latent, generator=generator) * 2 - 1


def gradient_penalty(
    critic: nn.Module,
    real: Float[Tensor, "B samples"],
    fake: Float[Tensor, "B samples"],
    generator: torch.Generator,
) -> Float[Tensor, " B"]:
    """(||grad D||_2 - 1)^2 per example, at a random point between real and fake."""
    mix = torch.rand(real.shape[0], 1, generator=generator).to(real.device)
    point = (real + mix * (fake - real)).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(point, generator).sum(), point, create_graph=True)
    return (gradient.norm(dim=1) - 1).square()


def critic_loss(
    critic: nn.Module,
    real: Float[Tensor, "B samples"],
    fake: Float[Tensor, "B samples"],
    generator: torch.Generator,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """The critic's loss, and the estimate of the Wasserstein distance within it."""
    distance = critic(real, generator).mean() - critic(fake, generator).mean()
    penalty = gradient_penalty(critic, real, fake, generator).mean()
    return PENALTY * penalty - distance, distance
