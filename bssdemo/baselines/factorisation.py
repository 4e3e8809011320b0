"""FastICA, PCA, KernelPCA and NMF on the magnitude spectrogram: the classical baselines of the 2020 paper.

    X (frames x bins) = |STFT(m)|,   X_k = max(0, part k of K),   estimate_k = STFT^-1(X_k, phase of m)

scikit-learn's estimators, frames as observations and bins as features: a component is a spectrum and its activation
over the frames, and the outer product of the two is its spectrogram (independent subspace analysis: Casey and
Westner, "Separation of mixed audio sources by independent subspace analysis", ICMC 2000).

The paper (section 4) names the estimators and no more. Its public code does not use spectrograms: it hands the
estimators two waveforms, the mixture and the mixture plus a constant, takes the two components, peak-normalised,
in the order they come, and runs KernelPCA with the linear kernel, which is PCA again. Two equal observations hold
no second source, so we do not repeat this. Decided here:

* FastICA and PCA: X_k = (X p_k) q_k, with p_k, q_k row k of the unmixing and column k of the mixing matrix (the
  principal axis, twice, in PCA). The fit is centred, these activations are not: where the model holds, X is a sum of
  the X_k, whereas centred ones would leave the mean spectrum to nobody.
* KernelPCA with the Gaussian kernel exp(-|x - x'|^2), frames scaled to a mean square of 1, and scikit-learn's learned
  pre-image f (Bakir et al. 2004): X_k = f(component k alone) - (1 - 1/K) f(0), so that all get the same share of f(0).
* NMF: X_k = w_k h_k, generalised Kullback-Leibler divergence with multiplicative updates, as is usual for magnitudes
  (Smaragdis and Brown 2003; Virtanen 2007). The product itself, no mask: `bssdemo.search.refine` makes masks of it.
* Negative values are clipped. Components are unordered, and named by nobody.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Float
from sklearn.decomposition import NMF, PCA, FastICA, KernelPCA
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from bssdemo.baselines.spectra import analyse
from bssdemo.snapshot import Snapshot

Matrix = Float[np.ndarray, "frames bins"]  # a mean square norm of 1 over the frames
Parts = Float[np.ndarray, "K frames bins"]  # with signs where the method has signs
Factorise = Callable[[np.ndarray, int, int], np.ndarray]  # matrix, K up to its rank, seed -> parts

SILENCE = 1e-12  # root mean square norm of a frame
RANK = 1e-6  # singular values below this share of the largest are rounding
NMF_STEPS = 200  # scikit-learn's default; on 12 mixtures of two, 1,000 gave at most 0.03 dB more spectral SNR
ICA_STEPS = 1_000  # scikit-learn's default is 200; a step is cheap
RIDGE = 1e-3  # of the pre-image: small beside the kernel's eigenvalues
SEEDS = 2**32  # scikit-learn's seeds are below


def fastica(matrix: Matrix, sources: int, seed: int) -> Parts:
    """Independent components; what has not converged is used as it is."""
    model = FastICA(
        sources, whiten="unit-variance", whiten_solver="svd", max_iter=ICA_STEPS, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix)
    return _outer(matrix @ model.components_.T, model.mixing_.T)


def pca(matrix: Matrix, sources: int, seed: int) -> Parts:
    """Principal components, by a full singular value decomposition: nothing is random."""
    axes = PCA(sources, svd_solver="full").fit(matrix).components_
    return _outer(matrix @ axes.T, axes)


def kernelpca(matrix: Matrix, sources: int, seed: int) -> Parts:
    """Principal components in the Gaussian kernel's space, and their pre-images; nothing is random."""
    model = KernelPCA(
        sources, kernel="rbf", gamma=1.0, alpha=RIDGE, fit_inverse_transform=True, eigen_solver="dense"
    )
    coordinates = model.fit_transform(matrix)
    shared = model.inverse_transform(np.zeros((1, coordinates.shape[1])))
    alone = [model.inverse_transform(coordinates * axis) for axis in np.eye(coordinates.shape[1])]
    return np.stack(alone) - (1 - 1 / len(alone)) * shared


def nmf(matrix: Matrix, sources: int, seed: int) -> Parts:
    """Non-negative components, a fixed number of updates from random values (tol=0: no check, no warning)."""
    model = NMF(
        sources,
        init="random",
        solver="mu",
        beta_loss="kullback-leibler",
        max_iter=NMF_STEPS,
        tol=0,
        random_state=seed,
    )
    return _outer(model.fit_transform(matrix), model.components_)


def separator(factorise: Factorise) -> Callable[..., Iterator[Snapshot]]:
    """The baseline made of a factorisation; its signature is that of bssdemo.baselines.catalogue."""

    def separate(
        mix: Float[Tensor, "*batch samples"],
        sources: int,
        *,
        seed: int = 0,
        stop: Callable[[], bool] | None = None,
    ) -> Iterator[Snapshot]:
        """A snapshot after every mixture of the batch; term `reconstruction`: the share of the energy not explained.

        Mixtures not reached, because `stop()` was true, are shared out equally.
        """
        began = time.perf_counter()
        *batch, samples = mix.shape
        mixes = mix.detach().cpu().reshape(-1, samples)
        estimates = mixes[:, None].repeat(1, sources, 1) / sources
        errors = mixes.new_zeros(len(mixes))
        for done in range(len(mixes) + 1):
            ended = done == len(mixes) or (stop is not None and stop())
            if done or ended:
                error = errors.clone().reshape(batch)
                yield Snapshot(
                    done,
                    len(mixes),
                    {"reconstruction": error},
                    error,
                    estimates.clone().reshape(*batch, sources, samples),
                    time.perf_counter() - began,
                    ended,
                )
            if ended:
                return
            estimates[done], errors[done] = _separate_one(mixes[done], sources, factorise, seed)

    return separate


def _separate_one(
    mix: Float[Tensor, " samples"], sources: int, factorise: Factorise, seed: int
) -> tuple[Float[Tensor, "K samples"], Float[Tensor, ""]]:
    """Estimates and the share of the spectrogram's energy that they leave unexplained."""
    spectrum = analyse(mix)
    matrix = spectrum.magnitude.double().numpy()
    level = float(np.sqrt((matrix**2).sum(1).mean()))
    if level < SILENCE:
        return mix.new_zeros(sources, len(mix)), mix.new_zeros(())
    matrix = matrix / level
    parts = np.zeros((sources, *matrix.shape))
    count = min(sources, _rank(matrix))
    if count:
        parts[:count] = factorise(matrix, count, seed % SEEDS).clip(0)
    error = ((matrix - parts.sum(0)) ** 2).sum() / (matrix**2).sum()
    return spectrum.audio(torch.from_numpy(parts * level).to(mix)), torch.tensor(error).to(mix)


def _rank(matrix: Matrix) -> int:
    """Components the centred matrix has; a few frames have no more than one less than their number."""
    values = np.linalg.svd(matrix - matrix.mean(0), compute_uv=False)
    return int((values > RANK * np.linalg.norm(matrix, 2)).sum())


def _outer(activations: Float[np.ndarray, "frames K"], spectra: Float[np.ndarray, "K bins"]) -> Parts:
    return np.einsum("tk,kf->ktf", activations, spectra)
