"""Warm-up of a prior: the generator as the decoder of an autoencoder.

WGAN-GP from scratch takes days on two cores; an autoencoder gives a generator that covers its kind
within an hour. The latents are pulled to U(-1, 1)^latent, the distribution the search assumes.
"""

from __future__ import annotations

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from bssdemo.audio.stft import Stft, magnitude, transform

RESOLUTIONS = tuple(Stft(frame=n, hop=n // 2) for n in (1024, 512, 256))
LOG_FLOOR = 0.03  # magnitudes below this (at the scale of frame 256) count as silence
MASK = Stft(frame=1024, hop=256)  # frame and hop of the refinement (search/refine.py)
MASK_FLOOR = 1e-4  # power; where clip and others are below it nobody has the bin
LATENT_NOISE = 0.1
PROJECTIONS = 32  # of the sliced Wasserstein distance


def spectral_distance(
    ref: Float[Tensor, "B samples"], est: Float[Tensor, "B samples"]
) -> Float[Tensor, " B"]:
    """Spectral convergence plus mean absolute log-magnitude difference, over three resolutions.

    Spectral convergence ||  |S| - |S_hat|  || / || |S| || is the spectral SNR's own ratio. Zero for equal signals.
    """
    total = torch.zeros(ref.shape[0], device=ref.device)
    for stft in RESOLUTIONS:
        scale = (256 / stft.frame) ** 0.5
        a, b = magnitude(ref, stft) * scale, magnitude(est, stft) * scale
        convergence = (a - b).norm(dim=(1, 2)) / (a.norm(dim=(1, 2)) + 1e-3)
        logarithm = (torch.log(a + LOG_FLOOR) - torch.log(b + LOG_FLOOR)).abs().mean(dim=(1, 2))
        total = total + convergence + logarithm
    return total / len(RESOLUTIONS)


def mask_error(
    mix: Float[Tensor, "B samples"], ref: Float[Tensor, "B samples"], est: Float[Tensor, "B samples"]
) -> Float[Tensor, " B"]:
    """|| W X - S || / || S ||, X, S, S_hat the spectra of `mix`, `ref`, `est`, W = |S_hat|^2 / (|S_hat|^2 + |X - S|^2).

    What Wiener's filter leaves of the others and takes of the clip when it knows the others and has only the
    estimate of the clip: the estimate is used for such a mask in the end. Zero where `mix` is `ref` alone.
    """
    spectrum, own = transform(mix, MASK), transform(ref, MASK)
    others = (spectrum - own).abs().square()
    power = magnitude(est, MASK).square() + MASK_FLOOR
    error = power / (power + others) * spectrum - own
    return _norm(error) / (_norm(own) + 1e-3)


def _norm(x: Complex[Tensor, "B frames bins"]) -> Float[Tensor, " B"]:
    return (x.abs().square().sum((1, 2)) + 1e-6).sqrt()


def sliced_distance_to_uniform(z: Float[Tensor, "B latent"], generator: torch.Generator) -> Float[Tensor, ""]:
    """Sliced Wasserstein-2 distance (squared) between a batch of latents and U(-1, 1)^latent."""
    directions = torch.randn(z.shape[1], PROJECTIONS, generator=generator).to(z.device)
    directions = directions / directions.norm(dim=0, keepdim=True)
    uniform = (torch.rand(z.shape, generator=generator) * 2 - 1).to(z.device)
    ours, theirs = (z @ directions).sort(dim=0).values, (uniform @ directions).sort(dim=0).values
    return (ours - theirs).square().mean()


def noisy(z: Float[Tensor, "B latent"], generator: torch.Generator) -> Float[Tensor, "B latent"]:
    """Latents with Gaussian noise, clamped to the cube: smooths the decoder between training clips."""
    noise = torch.randn(z.shape, generator=generator).to(z.device)
    return (z + LATENT_NOISE * noise).clamp(-1, 1)
