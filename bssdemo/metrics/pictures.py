"""PSNR and SSIM of separated pictures, as in Tables 1 and 2 of Hoshen 2018. Arguments: (ref, est), values in [0, 1].

The two outputs of a blind method have no order: one order is chosen for a whole set of pictures, never
one per picture.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

WINDOW = 7  # scikit-image's default: a flat window, sample covariance
C1, C2 = 0.01**2, 0.03**2  # Wang et al. 2004, for values in [0, 1]
FLOOR = 1e-10  # mean squared error that counts as none: at most 100 dB
CHUNK = 256  # pictures per pass, which bounds the memory


def psnr(
    ref: Float[Tensor, "*batch channels h w"], est: Float[Tensor, "*batch channels h w"]
) -> Float[Tensor, "*batch"]:
    """-10 log10 of each picture's mean squared error, in dB; 100 dB at most."""
    error = (ref - est).square().mean(dim=(-3, -2, -1))
    return -10 * torch.log10(error.clamp_min(FLOOR))


def ssim(
    ref: Float[Tensor, "*batch channels h w"], est: Float[Tensor, "*batch channels h w"]
) -> Float[Tensor, "*batch"]:
    """Mean structural similarity over all whole windows and channels; 1 for equal pictures.

    The values of `skimage.metrics.structural_similarity(data_range=1)` with its defaults.
    """
    batch = ref.shape[:-3]
    pairs = zip(ref.flatten(0, -4).split(CHUNK), est.flatten(0, -4).split(CHUNK), strict=True)
    return torch.cat([similarity(a.double(), b.double()) for a, b in pairs]).to(ref.dtype).view(batch)


def similarity(
    a: Float[Tensor, "n channels h w"], b: Float[Tensor, "n channels h w"], stride: int = 1
) -> Float[Tensor, " n"]:
    """`ssim` in the pictures' own precision and differentiable; of every `stride`-th window each way."""
    unbiased = WINDOW**2 / (WINDOW**2 - 1)

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, WINDOW, stride=stride)

    ma, mb = mean(a), mean(b)
    va, vb = (mean(a * a) - ma * ma) * unbiased, (mean(b * b) - mb * mb) * unbiased
    covariance = (mean(a * b) - ma * mb) * unbiased
    similarity = (2 * ma * mb + C1) * (2 * covariance + C2) / ((ma * ma + mb * mb + C1) * (va + vb + C2))
    return similarity.mean(dim=(1, 2, 3))


def in_order(
    ref: Float[Tensor, "n 2 channels h w"], est: Float[Tensor, "n 2 channels h w"]
) -> tuple[Float[Tensor, "n 2 channels h w"], bool]:
    """The estimates in the order with the higher mean PSNR over the whole set, and whether it was swapped."""
    swapped = bool(psnr(ref, est.flip(1)).mean() > psnr(ref, est).mean())
    return (est.flip(1) if swapped else est), swapped


def grouped(
    ref: Float[Tensor, "n K channels h w"],
    est: Float[Tensor, "n 2 channels h w"],
    score: Callable[[Tensor, Tensor], Tensor] = psnr,
) -> tuple[Float[Tensor, "n 2 channels h w"], tuple[tuple[int, ...], tuple[int, ...]]]:
    """What the two outputs should have been, and which sources each of them holds.

    The K sources are shared out among the outputs in the one way, for the whole set, with the highest mean score.
    """
    kinds = range(ref.shape[1])
    ways = [(some, tuple(set(kinds) - set(some))) for n in kinds[1:] for some in combinations(kinds, n)]
    refs = [torch.stack([ref[:, list(group)].sum(1) for group in way], 1) for way in ways]
    best = int(torch.stack([score(truth, est).mean() for truth in refs]).argmax())
    return refs[best], ways[best]
