"""Which estimate belongs to which reference, where the separator cannot know: stems of one kind have no order.

Used in evaluation only, and with the true sources at hand: two digits found in the wrong order are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from bssdemo.evaluation.metrics import spectral_snr

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

    Only stems of equal `kinds` change places. K distinct kinds leave everything where it is; K equal ones
    try all K! orders, as components without names need.
    """
    places = range(len(kinds))
    allowed = [p for p in permutations(places) if all(kinds[p[k]] == kinds[k] for k in places)]
    if len(allowed) == 1:
        return torch.tensor(allowed).expand(len(refs), -1)
    means = torch.stack(
        [spectral_snr(refs, ests[:, p]).clamp(max=PERFECT).nanmean(-1) for p in allowed]
    )  # (orders, B)
    return torch.tensor(allowed)[means.nan_to_num(nan=-torch.inf).argmax(0)]
