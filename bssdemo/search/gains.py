"""How loud each source is, when that is not known: m_hat = sum_k g_k G_k(z_k), g_k > 0.

The first gains solve  min || |M| - sum_k g_k |S_k| ||  over g_k >= 0 on magnitude spectrograms; the search
then moves log g_k along with the latents. Magnitudes, not powers, in which a few loud bins would decide:
measured, the error is smaller and the stems are better (docs/log.md).
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import nnls
from torch import Tensor

from bssdemo.audio.stft import magnitude
from bssdemo.search.objective.gradients import STFT

QUIETEST, LOUDEST = 10 ** (-18 / 20), 10 ** (18 / 20)  # of a first gain: none so low that it cannot return


def first_log_gains(
    mix: Float[Tensor, "B samples"], sources: Float[Tensor, "B K samples"]
) -> Float[Tensor, "B K"]:
    """Natural logarithms of the gains by non-negative least squares, kept within +-18 dB."""
    targets = magnitude(mix, STFT).flatten(1).cpu().double().numpy()  # (B, places)
    columns = magnitude(sources.detach(), STFT).flatten(2).cpu().double().numpy()  # (B, K, places)
    solved = np.stack([_solve(a, b) for a, b in zip(columns, targets, strict=True)])
    gains = torch.from_numpy(solved).clamp(QUIETEST, LOUDEST)
    return gains.log().to(mix)


def _solve(columns: np.ndarray, target: np.ndarray) -> np.ndarray:
    """nnls over the (K, K) normal equations' root: the same answer as over all places, a thousand times sooner."""
    gram = columns @ columns.T
    values, vectors = np.linalg.eigh(gram)
    root = np.sqrt(np.maximum(values, values.max() * np.finfo(float).eps + np.finfo(float).tiny))
    answer, _ = nnls(root[:, None] * vectors.T, (vectors.T @ (columns @ target)) / root)
    return answer
