"""The terms of adversarial unmix-and-remix (Hoshen 2018, equations 4-6, 9, 10), and one more against collapse.

    L_D = mean (D(y) - 1)^2 + mean D(z)^2                                    (4)
    L_M = mean (D(z) - 1)^2                                                  (5)
    L_E = mean (y M)^2 + (y (1 - M))^2 = mean y^2 (M^2 + (1 - M)^2)         (6)
    L_C = mean |y - y'|, y' the mixture after unmixing and remixing twice    (9)
    L   = cycle L_C + alpha L_M + beta L_E + gamma L_B                       (10, with L_B)

The paper writes sums; these are means over pictures and values, so that the weights do not depend on sizes.
L_B is not in the paper. The share s of a mixture's brightness that goes to the first source is 0 or 1 in
the trivial solution. With h(s, m) = max(|s - 1/2| - m, 0)^2 and s' the mean share of a batch,

    L_B = mean h(s, m) + 4 h(s', m / 2)

so that sources may differ in brightness, but neither may swallow the other. (At m = 0 the second term is the
squared difference of the two sources' brightness over a batch, relative to their sum.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from bssdemo.metrics.pictures import similarity
from bssdemo.unmix.check import energy_share
from bssdemo.unmix.cycle import Mask, swap, unmix

EPS = 1e-6  # an empty mixture has the share 0 and no gradient


@dataclass(frozen=True)
class Weights:
    """Of equation 10. The values are the paper's (section 4)."""

    cycle: float = 1.0
    adversarial: float = 5.0  # alpha
    equity: float = 5.0  # beta
    balance: float = 0.0  # gamma


def balance(share: Float[Tensor, " B"], margin: float) -> Float[Tensor, " B"]:
    """L_B of each picture: its own hinge, and the batch's with half the margin."""
    own = F.relu((share - 0.5).abs() - margin).square()
    return own + 4 * F.relu((share.mean() - 0.5).abs() - margin / 2).square()


def same(picture: Tensor) -> Tensor:
    """The picture itself."""
    return picture


def mask_terms(
    mixture: Float[Tensor, "B channels h w"],
    network: Mask,
    discriminator: Mask,
    margin: float,
    see: Mask = same,
    inside: Mask = same,
) -> tuple[Mapping[str, Float[Tensor, ""]], Float[Tensor, "B channels h w"]]:
    """The terms by name, unweighted, and the remixes (for the discriminator's update). B must be even.

    The first half of the batch is mixed with the second. Cycle and equity look at `see(y)` in place of y;
    the balance is that of the part `inside` the mixtures: by default all of it.
    """
    once, seen = unmix(mixture, network), see(mixture)
    remixes = torch.cat(swap(*once.sources.chunk(2)))
    twice = unmix(remixes, network)
    back = torch.cat(swap(*twice.sources.chunk(2)))
    terms = {
        "cycle": (seen - see(back)).abs().mean(),
        "adversarial": (discriminator(remixes) - 1).square().mean(),
        "equity": (seen.square() * (once.mask.square() + (1 - once.mask).square())).mean(),
        "balance": balance(energy_share(inside(mixture), once.mask), margin).mean(),
    }
    return terms, remixes.detach()


def total(terms: Mapping[str, Tensor], weights: Weights) -> Float[Tensor, ""]:
    """Equation 10."""
    return torch.stack([getattr(weights, name) * value for name, value in terms.items()]).sum()


def discriminator_loss(real: Float[Tensor, " B"], fake: Float[Tensor, " B"]) -> Float[Tensor, ""]:
    """Equation 4: scores of mixtures should be 1, of remixes 0."""
    return (real - 1).square().mean() + fake.square().mean()


def supervised_loss(
    sources: Float[Tensor, "B 2 channels h w"],
    estimates: Float[Tensor, "B 2 channels h w"],
    structure: float = 0.0,
) -> Float[Tensor, ""]:
    """For the twin that is shown the true sources: what PSNR and SSIM measure.

    Mean squared error + `structure` (1 - SSIM), of every third window each way: all of them cost ten times as much.
    """
    error = (sources - estimates).square().mean()
    likeness = similarity(sources.flatten(0, 1), estimates.flatten(0, 1), stride=3).mean()
    return error + structure * (1 - likeness)
