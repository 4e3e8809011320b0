"""What a few spectra, louder and softer, explain of each source: a factorisation that begins at the estimates.

    V_k ~ H_k W_k  (frames x R)(R x bins), first to the estimate V_k alone, then sum_k H_k W_k to the mixture |X|

by the multiplicative updates of the Kullback-Leibler divergence (Lee and Seung, "Algorithms for non-negative matrix
factorization", NIPS 2000, equation 5). A generator knows what its source sounds like and when; a few spectra, free to
move, follow the pitch and timbre of this recording. Non-negative matrix factorisation alone has to guess which spectra
belong together; here the estimates have told.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

BLOCK, HOP = 64, 32  # frames: about a second, and half of one
WHOLE = 96  # a recording of at most so many frames is one block
FITTING, JOINT = 12, 8  # updates to each estimate, then to the mixture
TINY = 1e-6


def few_spectra(
    observed: Float[Tensor, "*batch frames bins"],
    estimates: Float[Tensor, "*batch K frames bins"],
    count: int,
) -> Float[Tensor, "*batch K frames bins"]:
    """Each source's (H W)_k with `count` spectra a block, blocks faded into each other.

    Magnitudes in and out, those of `estimates` not negative and at the level of `observed`.
    """
    sources, frames, bins = estimates.shape[-3:]
    mixes, parts = observed.reshape(-1, frames, bins), estimates.reshape(-1, sources, frames, bins)
    if frames <= WHOLE:
        return _factorised(mixes, parts, count).reshape(estimates.shape)
    starts = [*range(0, frames - BLOCK, HOP), frames - BLOCK]
    found = _factorised(
        torch.cat([mixes[:, at : at + BLOCK] for at in starts]),
        torch.cat([parts[..., at : at + BLOCK, :] for at in starts]),
        count,
    )
    fade = torch.hann_window(BLOCK + 1, periodic=False, dtype=found.dtype, device=found.device)[1:] + TINY
    total, weight = torch.zeros_like(parts), parts.new_zeros(frames)
    for at, block in zip(starts, found.split(len(mixes)), strict=True):
        total[..., at : at + BLOCK, :] += fade[:, None] * block
        weight[at : at + BLOCK] += fade
    return (total / weight[:, None]).reshape(estimates.shape)


def _factorised(
    mixes: Float[Tensor, "B frames bins"], parts: Float[Tensor, "B K frames bins"], count: int
) -> Float[Tensor, "B K frames bins"]:
    frames = parts.shape[2]
    edges = [frames * j // count for j in range(count + 1)]
    stretches = [
        parts[..., first : max(last, first + 1), :] for first, last in zip(edges, edges[1:], strict=False)
    ]
    spectra = torch.stack([one.mean(2) for one in stretches], 2) + TINY  # (B, K, count, bins)
    loudness = spectra.new_full((*parts.shape[:3], count), 1 / count)
    for _ in range(FITTING):
        loudness, spectra = _updated(loudness, spectra, parts, loudness @ spectra)
    for _ in range(JOINT):
        loudness, spectra = _updated(
            loudness, spectra, mixes[:, None], (loudness @ spectra).sum(1, keepdim=True)
        )
    return loudness @ spectra


def _updated(
    loudness: Float[Tensor, "B K frames R"],
    spectra: Float[Tensor, "B K R bins"],
    wanted: Float[Tensor, "B _ frames bins"],
    explained: Float[Tensor, "B _ frames bins"],
) -> tuple[Float[Tensor, "B K frames R"], Float[Tensor, "B K R bins"]]:
    """One update of either factor towards `wanted`, from the same ratio."""
    ratio = wanted / (explained + TINY)
    louder = (ratio @ spectra.mT) / (spectra.sum(-1)[..., None, :] + TINY)
    changed = (loudness.mT @ ratio) / (loudness.sum(-2)[..., None] + TINY)
    return loudness * louder, spectra * changed
