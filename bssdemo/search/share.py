"""Masks by the share network: the formula's masks (refine.py) as the prior, the network as the correction.

    M = softmax over the parts of ( log M_formula + f(log |X|, log |S_k|, log sum_{j != k} |S_j|, log M_formula,k) )

The parts are the sources and, last, the residual, whose own estimate is what the mixture has above the sources' sum.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.models.share import ShareNetwork
from bssdemo.search import refine

FLOOR = 1e-3  # of the mixture's root mean square magnitude: below it the network tells nothing apart
LEAST_SHARE = 1e-4  # of a bin: where the formula gives nothing, the network may still give
SILENCE = 1e-12


def features(
    mix: Float[Tensor, "B samples"],
    estimates: Float[Tensor, "B K samples"],
    masks: Float[Tensor, "B parts frames bins"],
) -> Float[Tensor, "B parts channels frames bins"]:
    """What the network sees of every part, for the transform of refine.DEFAULT."""
    stft = refine.DEFAULT.stft
    observed, made = refine.magnitude(mix, stft), refine.magnitude(estimates, stft)
    level = observed.square().mean((1, 2), keepdim=True).sqrt().clamp_min(SILENCE)
    observed, made = observed / level, made / level[:, None]
    total = made.sum(1, keepdim=True)
    own = torch.cat([made, (observed[:, None] - total).clamp_min(0)], 1)
    others = torch.cat([total - made, total], 1)
    whole = observed[:, None].expand_as(own)
    kind = torch.zeros_like(own)
    kind[:, -1] = 1
    logs = [torch.log(x.clamp_min(0) + FLOOR) / 3 for x in (whole, own, others)]
    return torch.stack([*logs, torch.log(masks + LEAST_SHARE) / 3, kind], 2)


def corrected(
    mix: Float[Tensor, "B samples"],
    estimates: Float[Tensor, "B K samples"],
    masks: Float[Tensor, "B parts frames bins"],
    network: ShareNetwork,
) -> Float[Tensor, "B parts frames bins"]:
    """The network's masks from the formula's; differentiable in the network's weights.

    The network may lie on another device: what it sees goes there, its answer comes back.
    """
    seen = features(mix, estimates, masks)
    there = next(network.parameters()).device
    logits = network(seen.flatten(0, 1).to(there)).to(masks).unflatten(0, seen.shape[:2])
    return torch.softmax(torch.log(masks + LEAST_SHARE) + logits, 1)


@torch.no_grad()
def shares(
    mix: Float[Tensor, "*batch samples"],
    estimates: Float[Tensor, "*batch K samples"],
    network: ShareNetwork | None = None,
) -> Float[Tensor, "*batch K+1 frames bins"]:
    """Every source's share of every bin and, last, the residual's: not negative, their sum is one.

    Without a network the formula's. Raises ValueError when there is no estimate.
    """
    plain = refine.masks(mix, estimates)
    if network is None:
        return plain
    batch = mix.shape[:-1]
    found = corrected(
        mix.reshape(-1, mix.shape[-1]),
        estimates.reshape(-1, *estimates.shape[-2:]),
        plain.reshape(-1, *plain.shape[-3:]),
        network,
    )
    return found.reshape(*batch, *found.shape[1:])
