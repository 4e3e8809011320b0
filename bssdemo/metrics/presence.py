"""How well it is told what is there."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

WANTED = 0.95  # precision at which the recall is told


def recall(told: Float[Tensor, " B"], there: Float[Tensor, " B"], precision: float = WANTED) -> float:
    """The largest part of what is there that is found at this precision, over all thresholds; 0 where none gives it."""
    right = there[told.argsort(descending=True)].cumsum(0)
    enough = (right / torch.arange(1, len(right) + 1) >= precision).nonzero()
    return float(right[enough[-1, 0]] / there.sum()) if len(enough) else 0.0
