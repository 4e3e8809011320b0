"""The objective to the letter of Narayanaswamy et al. 2020, equations 2-5.

    L_ms = sum_l || log(1 + |STFT_l(m)|^2) - log(1 + |STFT_l(m_hat)|^2) ||_1            (2)
    L_sd = sum_{i<j} sum_l || Psi(log-spectrogram_l of i, of j) ||_F                     (3)
    L_mc = - sum_l || Psi(log-spectrogram_l of m, of m_hat) ||_F                         (4)
    L_fc = sum_{t,f} log(1 + |STFT(m)|) / log(1 + |STFT(m_hat)|)                         (5)
    Psi(x, y) = tanh(l1 |grad x|) * tanh(l2 |grad y|),   l1 = sqrt(||grad y||_F / ||grad x||_F) = 1 / l2

|STFT_l| is the magnitude spectrogram after l - 1 poolings (section 3.2.1), l = 1..3. A gradient
holds the differences along time and along frequency; its norm runs over both.
The sums make L_ms and L_fc thousands of times larger than the other two, and L_fc falls as m_hat
grows louder: both are the paper's, see docs/guide/search.md.
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

RATIO_EPS = 1e-2  # added above and below in equation 5: a silent bin of m_hat stays affordable


@dataclass(frozen=True)
class Target:
    """The mixture's side of the four terms, computed once."""

    log_powers: Sequence[Float[Tensor, "B _ _"]]  # log(1 + |STFT_l(m)|^2), one per level
    gradients: Sequence[Float[Tensor, "B _"]]  # of `log_powers`
    log_magnitude: Float[Tensor, "B frames bins"]  # log(1 + |STFT(m)|)


def prepare(mix: Float[Tensor, "B samples"]) -> Target:
    """The mixture's side, kept for the whole search."""
    magnitudes = _magnitudes(mix[:, None], slice(0, 1))
    log_powers = [torch.log1p(level.square()) for level in magnitudes]
    return Target(
        [level[:, 0] for level in log_powers],
        [gradients.gradient(level)[:, 0] for level in log_powers],
        torch.log1p(magnitudes[0][:, 0]),
    )


def measure(target: Target, sources: Float[Tensor, "B K samples"]) -> Pieces:
    """The four terms in pieces for these sources."""
    magnitudes = _magnitudes(sources, slice(None))
    log_powers = [torch.log1p(level.square()) for level in magnitudes]
    norms, squares = [], []
    for mixture, rows in zip(target.gradients, log_powers, strict=True):
        norm, square = _psi_norms(mixture, gradients.gradient(rows))
        norms.append(norm)
        squares.append(square)
    over_levels = torch.stack(norms).sum(0)
    explained = torch.log1p(magnitudes[0][:, -1])
    return Pieces(
        spectral=[
            (mixture - rows[:, -1]).abs() for mixture, rows in zip(target.log_powers, log_powers, strict=True)
        ],
        dissociation=over_levels[:, :-1],
        coherence=[[(-norm[:, -1], square[:, -1])] for norm, square in zip(norms, squares, strict=True)],
        frequency=(target.log_magnitude + RATIO_EPS) / (explained + RATIO_EPS),
    )


def spectral_powers(
    powers: Float[Tensor, "B K frames bins"], sources: Float[Tensor, "B K samples"]
) -> list[Float[Tensor, "B K _ _"]]:
    """The sources' powers on the grids of equation 2: the poolings of one spectrogram."""
    return gradients.pyramid(powers)


def _magnitudes(sources: Float[Tensor, "B K samples"], rows: slice) -> list[Float[Tensor, "B rows _ _"]]:
    return gradients.pyramid(torch.sqrt(gradients.row_powers(sources)[:, rows] + MAGNITUDE_EPS))


def _psi_norms(
    mixture: Float[Tensor, "B places"], rows: Float[Tensor, "B rows places"]
) -> tuple[Float[Tensor, "B pairs_and_mixture"], Float[Tensor, "B pairs_and_mixture places"]]:
    """||Psi||_F of every pair of sources and, last, of mixture and m_hat; and the squared Psi."""
    first, second = gradients.pairs(rows.shape[1] - 1)
    last = rows.shape[1] - 1
    everything = torch.cat([rows, mixture[:, None]], 1)
    x, y = everything[:, [*first, last + 1]], everything[:, [*second, last]]
    norm = torch.sqrt(everything.square().sum(-1, keepdim=True) + EPS)
    ratio = torch.sqrt(norm[:, [*second, last]] / norm[:, [*first, last + 1]])
    square = (torch.tanh(ratio * x) * torch.tanh(y / ratio)).square()
    return torch.sqrt(square.sum(-1) + EPS), square
