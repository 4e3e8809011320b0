"""How much each source has of each loss term, for the board's curves, measured on windows of the recording.

A recording of up to MOST windows is measured whole; of a longer one, MOST windows spread evenly over it
stand for the rest: measuring them all would cost the search more than the board may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio import is_silent, pause_level, to_search_level
from bssdemo.audio.format import SAMPLES
from bssdemo.audio.windows import Layout, cut, lay_out
from bssdemo.search.objective import TERMS, Form, Target, prepare, shares

MOST = 4  # windows, spread evenly


@dataclass(frozen=True)
class Measured:
    """The windows in which shares are measured; made by `place`."""

    layout: Layout
    numbers: Sequence[int]  # of the windows measured
    gains: Float[Tensor, " measured 1 1"]  # from the recording's level to the search's
    target: Target

    def shares(self, estimates: Float[Tensor, "K samples"]) -> Float[np.ndarray, "K 4"]:
        """Each source's share of each term, mean over the windows; `estimates` at the recording's level."""
        pieces = cut(estimates, self.layout)[:, self.numbers].transpose(0, 1)
        parts = shares(self.target, self.gains * pieces)
        return torch.stack([parts[term].mean(0) for term in TERMS], dim=-1).numpy()


def place(
    mono: Float[Tensor, " samples"], sources: int, form: Form, layout: Layout | None = None
) -> Measured:
    """Choose among the windows of a recording that is not silent; `layout`, if they are laid out already."""
    layout = layout or lay_out(mono, SAMPLES)
    pieces = cut(mono, layout)
    pause = pause_level(mono)
    heard = [number for number, piece in enumerate(pieces) if not is_silent(piece, pause)]
    places = np.linspace(0, len(heard) - 1, min(MOST, len(heard)))
    numbers = [heard[round(place)] for place in places]
    levelled = [to_search_level(pieces[number], sources) for number in numbers]
    with torch.no_grad():
        target = prepare(torch.stack([mix for mix, _ in levelled]), form)
    return Measured(layout, numbers, torch.tensor([gain for _, gain in levelled])[:, None, None], target)
