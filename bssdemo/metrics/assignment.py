"""Which estimate belongs to which reference, where the separator cannot know: stems of one kind have no order.

Used in evaluation only, and with the true sources at hand: two digits found in the wrong order are found.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from bssdemo.metrics.audio import spectral_snr

PERFECT = 200.0  # dB; a perfect stem counts as this, so that it does not outweigh the others' order


def assign(
    refs: Float[Tensor, "B K samples"], ests: Float[Tensor, "B K samples"], kinds: Sequence[str]
) -> Float[Tensor, "B K samples"]:
    """The estimates of every mixture in the order with the best mean spectral SNR, see `best_order`."""
    return ests.gather(1, best_order(refs, ests, kinds)[..., None].expand_as(ests))


def best_order(
    refs: Float[Tensor, "B K samples"], ests: Float[Tensor, "B K samples"], kinds: Sequence[str]
) -> Int[Tensor, "B K"]:
    """For every reference the number of the estimate that is held against it.

    Only stems of equal `kinds` change places: K distinct kinds leave everything where it is, K equal ones are
    matched freely, as components without names need. What has no score (a silent reference) has no say.
    """
    count = len(kinds)
    if len(set(kinds)) == count:
        return torch.arange(count).expand(len(refs), -1)
    pairs = refs[:, :, None].expand(-1, -1, count, -1), ests[:, None].expand(-1, count, -1, -1)
    scores = spectral_snr(*pairs).clamp(max=PERFECT).nan_to_num(nan=0.0)  # (B, references, estimates)
    other_kind = torch.tensor([[one != other for other in kinds] for one in kinds])
    allowed = scores.cpu().masked_fill(other_kind, -torch.inf)
    return torch.tensor([linear_sum_assignment(one, maximize=True)[1].tolist() for one in allowed])
