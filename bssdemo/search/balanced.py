"""The objective rescaled so that each of the four weights matters: ours, after equations 2-5.

Means stand where the paper has sums, everything is relative to the mixture, and every term is
best at m_hat = m or at sources that share nothing:

    L_ms = mean over FFT 256, 512, 1024 of
           sum |A - A_hat| / sum A  +  mean |log(A + c) - log(A_hat + c)|,  A = |STFT(m)|, c = mean A / 10
    L_sd = mean over pairs and levels of  || t_i t_j ||_F / sqrt(|| t_i^2 ||_F || t_j^2 ||_F)   in [0, 1]
    L_mc = - mean over levels of the same for m and m_hat                                       in [-1, 0]
    L_fc = mean over t, f of  (r + 1/r) / 2 - 1,  r = (a + c') / (a_hat + c'),  a = log(1 + A), c' = mean a

with t = tanh(grad log-spectrogram / rms of the mixture's). By Cauchy and Schwarz L_mc is -1
exactly when the squared fields of m and m_hat agree up to a factor. SCALES makes the gradients of
the four terms with respect to the latents equally large where searches spend their time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.search import fields
from bssdemo.search.fields import EPS
from bssdemo.search.parts import Parts
from bssdemo.stft import EPS as MAGNITUDE_EPS
from bssdemo.stft import Stft, magnitude, power

FINER = (Stft(512, 256), Stft(1024, 512))  # beside fields.STFT
LOG_FLOOR = 0.1  # c, as a part of the mixture's mean magnitude
FLOOR_EPS = 1e-3  # added to c, c' and the mixture's sums: silence stays finite
SCALES = {"spectral": 1.0, "dissociation": 1.0, "coherence": 1.0, "frequency": 1.0}


@dataclass(frozen=True)
class Target:
    """The mixture's side of the four terms, computed once."""

    magnitudes: Sequence[Float[Tensor, "B _ _"]]  # A per FFT size
    floors: Sequence[Float[Tensor, "B 1 1"]]  # c per FFT size
    logs: Sequence[Float[Tensor, "B _ _"]]  # log(A + c) per FFT size
    log_magnitude: Float[Tensor, "B frames bins"]  # a + c'
    log_floor: Float[Tensor, "B 1 1"]  # c'
    steepness: Sequence[Float[Tensor, "B 1 1"]]  # 1 / rms of the mixture's gradient field, per level
    squares: Sequence[Float[Tensor, "B _"]]  # t^2 of the mixture over sqrt of its norm, per level


def prepare(mix: Float[Tensor, "B samples"]) -> Target:
    """The mixture's side, kept for the whole search."""
    powers = fields.row_powers(mix[:, None])[:, :1]
    first = torch.sqrt(powers[:, 0] + MAGNITUDE_EPS)
    magnitudes = [first, *(magnitude(mix, stft) for stft in FINER)]
    floors = [LOG_FLOOR * a.mean((1, 2), keepdim=True) + FLOOR_EPS for a in magnitudes]
    log_magnitude = torch.log1p(first)
    log_floor = log_magnitude.mean((1, 2), keepdim=True) + FLOOR_EPS
    gradients = [fields.gradient(level) for level in fields.pyramid(torch.log1p(powers))]
    steepness = [1 / (torch.sqrt(g.square().mean(-1, keepdim=True)) + FLOOR_EPS) for g in gradients]
    return Target(
        magnitudes,
        floors,
        [torch.log(a + c) for a, c in zip(magnitudes, floors, strict=True)],
        log_magnitude + log_floor,
        log_floor,
        steepness,
        [_unit_squares(g * s)[:, 0] for g, s in zip(gradients, steepness, strict=True)],
    )


def measure(target: Target, sources: Float[Tensor, "B K samples"]) -> Parts:
    """The four terms in pieces for these sources."""
    powers = fields.row_powers(sources)
    first = torch.sqrt(powers[:, -1] + MAGNITUDE_EPS)
    mix = sources.sum(1)
    magnitudes = [first, *(magnitude(mix, stft) for stft in FINER)]
    pair_values, coherence = [], []
    one, other = fields.pairs(sources.shape[1])
    for level, steepness, mixture in zip(
        fields.pyramid(torch.log1p(powers)), target.steepness, target.squares, strict=True
    ):
        squares = _unit_squares(fields.gradient(level) * steepness)
        product = squares[:, one] * squares[:, other]
        scale = SCALES["dissociation"] / (fields.LEVELS * max(1, len(one)))
        pair_values.append(scale * torch.sqrt(product.sum(-1) + EPS))
        product = mixture * squares[:, -1]
        scale = SCALES["coherence"] / fields.LEVELS
        coherence.append([(-scale * torch.sqrt(product.sum(-1) + EPS), product)])
    explained = torch.log1p(first) + target.log_floor
    ratio = target.log_magnitude / explained
    scale = SCALES["frequency"] / ratio[0].numel()
    return Parts(
        spectral=[
            _distance(a, estimate, c, log_a)
            for a, estimate, c, log_a in zip(
                target.magnitudes, magnitudes, target.floors, target.logs, strict=True
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
    estimate: Float[Tensor, "B frames bins"],
    floor: Float[Tensor, "B 1 1"],
    log_a: Float[Tensor, "B frames bins"],
) -> Float[Tensor, "B frames bins"]:
    """One FFT size of L_ms, bin by bin."""
    scale = SCALES["spectral"] / (1 + len(FINER))
    linear = (a - estimate).abs() / ((a + FLOOR_EPS).sum((1, 2), keepdim=True))
    log = (log_a - torch.log(estimate + floor)).abs() / a[0].numel()
    return scale * (linear + log)


def _unit_squares(field: Float[Tensor, "B rows places"]) -> Float[Tensor, "B rows places"]:
    """t^2 / || t^2 ||_F of a field already relative to the mixture's steepness."""
    squares = torch.tanh(field).square()
    return squares / torch.sqrt(squares.square().sum(-1, keepdim=True) + EPS)
