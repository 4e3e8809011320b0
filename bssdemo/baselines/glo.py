"""Generative latent optimisation for mixtures (Bojanowski et al. 2018; the GLO baseline of Hoshen 2018).

    minimise over G1, G2 and all z   sum_i || G1(z_i1) + G2(z_i2) - y_i ||_1,   ||z|| <= 1

Two generators and a pair of latents per mixture are fitted together to the very mixtures that are to be separated;
no clean source and no other mixture is used. Nothing but the generators' limited capacity tells the two apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from bssdemo.models.initial import drawn
from bssdemo.models.picture import PictureGenerator
from bssdemo.snapshot import PictureSnapshot

EPS = 1e-8


@dataclass(frozen=True)
class GloConfig:
    """Sizes and Adam's settings; learning rates as in Bojanowski et al., who use ten times more for latents."""

    latent: int = 64
    width: int = 16
    epochs: int = 25
    batch: int = 64
    learning_rate: float = 1e-3
    latent_rate: float = 1e-2
    shown: int = 8  # sources of the first mixtures in every snapshot


def separate(
    mixture: Float[Tensor, "n channels h h"],
    config: GloConfig = GloConfig(),
    *,
    seed: int = 0,
    stop: Callable[[], bool] | None = None,
) -> Iterator[PictureSnapshot]:
    """Both sources of every mixture; a snapshot per epoch, of the first `config.shown` mixtures until the last.

    The term "error" is each mixture's mean absolute error per value, which is what is lowered.
    When `stop` says so, the next snapshot is the last.
    """
    began = time.perf_counter()
    count, channels, size, _ = mixture.shape
    randomness = torch.Generator().manual_seed(seed)
    first_weights = torch.Generator().manual_seed(seed)
    pair = [
        drawn(lambda: PictureGenerator(channels, size, config.latent, config.width), first_weights)
        for _ in range(2)
    ]
    # one row per mixture, both latents side by side, as sparse gradients ask for
    z = _project(torch.randn(count, 2, config.latent, generator=randomness)).flatten(1).requires_grad_()
    weights = torch.optim.Adam([p for g in pair for p in g.parameters()], lr=config.learning_rate)
    latents = torch.optim.SparseAdam([z], lr=config.latent_rate)  # rows outside the batch stay as they are
    for epoch in range(1, config.epochs + 1):
        for rows in torch.randperm(count, generator=randomness).split(config.batch):
            with torch.enable_grad():
                chosen = F.embedding(rows, z, sparse=True).unflatten(1, (2, config.latent))
                explained = pair[0](chosen[:, 0]) + pair[1](chosen[:, 1])
                loss = (explained - mixture[rows]).abs().mean()
            weights.zero_grad()
            latents.zero_grad()
            loss.backward()
            weights.step()
            latents.step()
            with torch.no_grad():
                z[rows] = _project(z[rows].unflatten(1, (2, config.latent))).flatten(1)
        done = epoch == config.epochs or (stop is not None and stop())
        shown = z if done else z[: config.shown]
        sources = _generate(pair, shown.unflatten(1, (2, config.latent)), config.batch)
        error = (sources.sum(1) - mixture[: len(sources)]).abs().mean(dim=(1, 2, 3))
        elapsed = time.perf_counter() - began
        yield PictureSnapshot(epoch, config.epochs, {"error": error}, error, sources, elapsed, done)
        if done:
            return


def _project(z: Tensor) -> Tensor:
    """Into the unit ball."""
    return z / (z.norm(dim=-1, keepdim=True) + EPS).clamp_min(1)


@torch.no_grad()
def _generate(pair: list[PictureGenerator], z: Tensor, batch: int) -> Float[Tensor, "n 2 channels h w"]:
    for generator in pair:
        generator.eval()
    parts = [torch.stack([g(part[:, k]) for k, g in enumerate(pair)], dim=1) for part in z.split(batch)]
    for generator in pair:
        generator.train()
    return torch.cat(parts)
