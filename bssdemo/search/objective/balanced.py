"""The objective rescaled so that each of the four weights matters: ours, after equations 2-5.

Means stand where the paper has sums, everything is relative to the mixture, and every term is
best at m_hat = m or at sources that share nothing:

    L_ms = mean over FFT 256, 512, 1024 of
           sum (A - A_hat)^2 / sum A^2  +  mean |log(A + c) - log(A_hat + c)|,  A = |STFT(m)|, c = mean A / 10
    L_sd = mean over pairs and levels of  || t_i t_j ||_F / sqrt(|| t_i^2 ||_F || t_j^2 ||_F)   in [0, 1]
    L_mc = - mean over levels of the same for m and m_hat                                       in [-1, 0]
    L_fc = mean over t, f of  (r + 1/r) / 2 - 1,  r = (a + c') / (a_hat + c'),  a = log(1 + A), c' = mean a

with t = tanh(grad log-spectrogram / rms of the mixture's). By Cauchy and Schwarz L_mc is -1
exactly when the squared gradients of m and m_hat agree up to a factor. SCALES multiplies the terms so
that their gradients with respect to the latents are equally large where searches spend their time;
docs/log.md has the measured sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.stft import EPS as MAGNITUDE_EPS
from bssdemo.audio.stft import Stft, magnitude, power
from bssdemo.search.objective import gradients
from bssdemo.search.objective.gradients import EPS
from bssdemo.search.objective.pieces import Pieces

FINER = (Stft(512, 256), Stft(1024, 512))  # beside gradients.STFT
LOG_FLOOR = 0.1  # c, as a part of the mixture's mean magnitude
FLOOR_EPS = 1e-3  # added to c, c' and the mixture's sums: silence stays finite
SCALES = {"spectral": 1.0, "dissociation": 0.4, "coherence": 3.0, "frequency": 4.5}


@dataclass(frozen=True)
class Target:
    """The mixture's side of the four terms, computed once."""

    magnitudes: Sequence[Float[Tensor, "B _ _"]]  # A per FFT size
    energies: Sequence[Float[Tensor, "B 1 1"]]  # sum A^2 per FFT size
    floors: Sequence[Float[Tensor, "B 1 1"]]  # c per FFT size
    logs: Sequence[Float[Tensor, "B _ _"]]  # log(A + c) per FFT size
    log_magnitude: Float[Tensor, "B frames bins"]  # a + c'
    log_floor: Float[Tensor, "B 1 1"]  # c'
    steepness: Sequence[Float[Tensor, "B 1 1 1"]]  # 1 / rms of the mixture's gradient, per level
    squares: Sequence[Float[Tensor, "B _"]]  # t^2 of the mixture, per level


def prepare(mix: Float[Tensor, "B samples"]) -> Target:
    """The mixture's side, kept for the whole search."""
    powers = gradients.row_powers(mix[:, None])[:, :1]
    first = torch.sqrt(powers[:, 0] + MAGNITUDE_EPS)
    magnitudes = [first, *(magnitude(mix, stft) for stft in FINER)]
    floors = [LOG_FLOOR * a.mean((1, 2), keepdim=True) + FLOOR_EPS for a in magnitudes]
    log_magnitude = torch.log1p(first)
    log_floor = log_magnitude.mean((1, 2), keepdim=True) + FLOOR_EPS
    levels = gradients.pyramid(torch.log1p(powers))
    steepness = [_steepness(level) for level in levels]
    return Target(
        magnitudes,
        [(a.square() + FLOOR_EPS).sum((1, 2), keepdim=True) for a in magnitudes],
        floors,
        [torch.log(a + c) for a, c in zip(magnitudes, floors, strict=True)],
        log_magnitude + log_floor,
        log_floor,
        steepness,
        [gradients.steep_squares(level, by)[:, 0] for level, by in zip(levels, steepness, strict=True)],
    )


def measure(target: Target, sources: Float[Tensor, "B K samples"]) -> Pieces:
    """The four terms in pieces for these sources."""
    powers = gradients.row_powers(sources)
    first = torch.sqrt(powers[:, -1] + MAGNITUDE_EPS)
    mix = sources.sum(1)
    magnitudes = [first, *(magnitude(mix, stft) for stft in FINER)]
    pair_values, coherence = [], []
    one, other = gradients.pairs(sources.shape[1])
    for level, steepness, mixture in zip(
        gradients.pyramid(torch.log1p(powers)), target.steepness, target.squares, strict=True
    ):
        squares = gradients.steep_squares(level, steepness)  # (B, K + 1, places)
        everything = torch.cat([squares, mixture[:, None]], 1)
        likeness = _likeness(gradients.products(everything)) / gradients.LEVELS  # (B, K + 2, K + 2)
        pair_values.append(SCALES["dissociation"] / max(1, len(one)) * likeness[:, one, other])
        product = (mixture * squares[:, -1]).detach()
        coherence.append([(-SCALES["coherence"] * likeness[:, -1, -2], product)])
    explained = torch.log1p(first) + target.log_floor
    ratio = target.log_magnitude / explained
    scale = SCALES["frequency"] / ratio[0].numel()
    return Pieces(
        spectral=[
            _distance(a, energy, floor, log_a, estimate)
            for a, energy, floor, log_a, estimate in zip(
                target.magnitudes, target.energies, target.floors, target.logs, magnitudes, strict=True
            )
        ],
        dissociation=torch.stack(pair_values).sum(0),
        coherence=coherence,
        frequency=scale * ((ratio + 1 / ratio) / 2 - 1),
    )


def spectral_powers(
    powers: Float[Tensor, "B K frames bins"], sources: Float[Tensor, "B K samples"]
) -> list[Float[Tensor, "B K _ _"]]:
    """The sources' powers on the grids of L_ms: three FFT sizes."""
    return [powers, *(power(sources, stft) for stft in FINER)]


def _distance(
    a: Float[Tensor, "B frames bins"],
    energy: Float[Tensor, "B 1 1"],
    floor: Float[Tensor, "B 1 1"],
    log_a: Float[Tensor, "B frames bins"],
    estimate: Float[Tensor, "B frames bins"],
) -> Float[Tensor, "B frames bins"]:
    """One FFT size of L_ms, bin by bin."""
    scale = SCALES["spectral"] / (1 + len(FINER))
    relative = (a - estimate).square() * (scale / energy)
    log = (log_a - torch.log(estimate + floor)).abs() * (scale / a[0].numel())
    return relative + log


def _steepness(level: Float[Tensor, "B 1 frames bins"]) -> Float[Tensor, "B 1 1 1"]:
    rms = torch.sqrt(gradients.gradient(level).square().mean(-1))
    return 1 / (rms[..., None, None] + FLOOR_EPS)


def _likeness(products: Float[Tensor, "B rows rows"]) -> Float[Tensor, "B rows rows"]:
    """|| t_i t_j ||_F / sqrt(|| t_i^2 ||_F || t_j^2 ||_F) from the inner products of the t^2."""
    sizes = torch.sqrt(products.diagonal(dim1=1, dim2=2) + EPS)  # (B, rows)
    return torch.sqrt(products / (sizes[:, :, None] * sizes[:, None, :]) + EPS)
