"""The objective as the authors' public code computes it, which differs from the paper's equations.

Written from the facts in docs/guide/search.md, no code was taken:
- the levels are poolings of the log-power spectrogram, not of the magnitude;
- L_sd and L_mc: per direction d (time, frequency) and level, with g1, g2 the differences,
      s1 = 2 sigmoid(g1) - 1,  s2 = 2 sigmoid(alpha g2) - 1,  alpha = 2 mean|g1| / mean|g2|,
      value = mean(s1^2 s2^2)^(1/4);   the sum over levels is divided by 3, directions are averaged.
  Only the second gradient is scaled, so L_sd depends (a little) on the order of the sources;
- L_fc: per frame the ratio of the two sums over frequency, summed over frames.
The code's alpha and means run over its batch of 200; here every example stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.stft import EPS as MAGNITUDE_EPS
from bssdemo.search.objective import gradients
from bssdemo.search.objective.gradients import EPS
from bssdemo.search.objective.pieces import Pieces

RATIO_EPS = 1e-6  # added to log(1 + |STFT|) in every bin of the frame sums
MEAN_EPS = 1e-6  # added to the mean absolute differences in alpha


@dataclass(frozen=True)
class Target:
    """The mixture's side of the four terms, computed once."""

    log_powers: Sequence[Float[Tensor, "B _ _"]]  # poolings of log(1 + |STFT(m)|^2)
    gradients: Sequence[Float[Tensor, "B _"]]  # of `log_powers`
    log_magnitude: Float[Tensor, "B frames bins"]  # log(1 + |STFT(m)|) + RATIO_EPS


def prepare(mix: Float[Tensor, "B samples"]) -> Target:
    """The mixture's side, kept for the whole search."""
    power = gradients.row_powers(mix[:, None])[:, :1]
    levels = gradients.pyramid(torch.log1p(power))
    return Target(
        [level[:, 0] for level in levels],
        [gradients.gradient(level)[:, 0] for level in levels],
        _log_magnitude(power[:, 0]),
    )


def measure(target: Target, sources: Float[Tensor, "B K samples"]) -> Pieces:
    """The four terms in pieces for these sources."""
    power = gradients.row_powers(sources)
    levels = gradients.pyramid(torch.log1p(power))
    pair_values, coherence = [], []
    for mixture, rows in zip(target.gradients, levels, strict=True):
        split = gradients.time_places(*rows.shape[-2:])
        norms = []
        slopes = gradients.gradient(rows)
        for part in (slice(0, split), slice(split, None)):
            value, square = _direction(mixture[:, part], slopes[..., part])
            pair_values.append(value[:, :-1])
            norms.append((-value[:, -1], square[:, -1]))
        coherence.append(norms)
    explained = _log_magnitude(power[:, -1]).sum(-1, keepdim=True)  # (B, T, 1)
    return Pieces(
        spectral=[
            (mixture - rows[:, -1]).abs() for mixture, rows in zip(target.log_powers, levels, strict=True)
        ],
        dissociation=torch.stack(pair_values).sum(0),
        coherence=coherence,
        frequency=target.log_magnitude / explained,
    )


def spectral_powers(
    powers: Float[Tensor, "B K frames bins"], sources: Float[Tensor, "B K samples"]
) -> list[Float[Tensor, "B K _ _"]]:
    """The sources' powers on the grids of L_ms: the poolings of one spectrogram."""
    return gradients.pyramid(powers)


def _log_magnitude(power: Float[Tensor, "B frames bins"]) -> Float[Tensor, "B frames bins"]:
    return torch.log1p(torch.sqrt(power + MAGNITUDE_EPS)) + RATIO_EPS


def _direction(
    mixture: Float[Tensor, "B places"], rows: Float[Tensor, "B rows places"]
) -> tuple[Float[Tensor, "B pairs_and_mixture"], Float[Tensor, "B pairs_and_mixture places"]]:
    """One level and direction of L_sd's pairs and, last, of -L_mc; and the squared products."""
    first, second = gradients.pairs(rows.shape[1] - 1)
    last = rows.shape[1] - 1
    everything = torch.cat([rows, mixture[:, None]], 1)
    x, y = everything[:, [*first, last + 1]], everything[:, [*second, last]]
    mean = everything.abs().mean(-1, keepdim=True) + MEAN_EPS
    alpha = 2 * mean[:, [*first, last + 1]] / mean[:, [*second, last]]
    square = (torch.tanh(x / 2) * torch.tanh(alpha * y / 2)).square()  # 2 sigmoid(x) - 1 = tanh(x/2)
    return (square.mean(-1) + EPS) ** 0.25 / (2 * gradients.LEVELS), square
