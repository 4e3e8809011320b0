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

The work is done in pieces, so that a person who says stop waits for one of them at most: some updates of NMF and
FastICA, each piece going on from where the last one ended; in KernelPCA the fit, which is cubic in its frames and
therefore sees FIT_FRAMES of them, then the pre-images. PCA is one piece, linear in the frames.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.baselines.spectra import analyse
from bssdemo.snapshot import Snapshot

Matrix = Float[np.ndarray, "frames bins"]  # a mean square norm of 1 over the frames
Parts = Float[np.ndarray, "K frames bins"]  # with signs where the method has signs
# matrix, K up to its rank, seed -> after every piece of work: steps done, and the parts if there are any yet
Factorise = Callable[[np.ndarray, int, int], Iterator[tuple[int, np.ndarray | None]]]

SILENCE = 1e-12  # root mean square norm of a frame
RANK = 1e-6  # singular values below this share of the largest are rounding
NMF_STEPS = 200  # scikit-learn's default; on 12 mixtures of two, 1,000 gave at most 0.03 dB more spectral SNR
NMF_PIECE = 20  # updates between two snapshots: 20 ms for 20 s of sound
ICA_STEPS = 1_000  # scikit-learn's default is 200; a step is cheap
ICA_PIECE = 100
KERNEL_STEPS = 2  # the fit, the pre-images
FIT_FRAMES = 1_000  # evenly spaced (8 s of sound: all of them): 0.1 s of work on one core
RIDGE = 1e-3  # of the pre-image: small beside the kernel's eigenvalues
SEEDS = 2**32  # scikit-learn's seeds are below


def fastica(matrix: Matrix, sources: int, seed: int) -> Iterator[tuple[int, Parts]]:
    """Independent components; what has not converged is used as it is.

    Whitened once by a singular value decomposition, as `FastICA(whiten_solver="svd")` does every time.
    """
    from sklearn.decomposition import FastICA
    from sklearn.exceptions import ConvergenceWarning

    frames, values, axes = np.linalg.svd(matrix - matrix.mean(0), full_matrices=False)
    signs = np.sign(axes[:sources, :1])
    whitened = frames[:, :sources] * signs.T * len(matrix) ** 0.5
    rotation = np.random.RandomState(seed).normal(size=(sources, sources))
    for step in range(ICA_PIECE, ICA_STEPS + 1, ICA_PIECE):
        model = FastICA(whiten=False, max_iter=ICA_PIECE, w_init=rotation)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            rotation = model.fit(whitened).components_
        converged = model.n_iter_ < ICA_PIECE
        unmixing = rotation @ (signs * axes[:sources] / values[:sources, None])
        yield ICA_STEPS if converged else step, _outer(matrix @ unmixing.T, np.linalg.pinv(unmixing).T)
        if converged:
            return


def pca(matrix: Matrix, sources: int, seed: int) -> Iterator[tuple[int, Parts]]:
    """Principal components, by a full singular value decomposition: nothing is random."""
    from sklearn.decomposition import PCA

    axes = PCA(sources, svd_solver="full").fit(matrix).components_
    yield 1, _outer(matrix @ axes.T, axes)


def kernelpca(matrix: Matrix, sources: int, seed: int) -> Iterator[tuple[int, Parts | None]]:
    """Principal components in the Gaussian kernel's space, and their pre-images; nothing is random."""
    from sklearn.decomposition import KernelPCA

    model = KernelPCA(
        sources, kernel="rbf", gamma=1.0, alpha=RIDGE, fit_inverse_transform=True, eigen_solver="dense"
    )
    chosen = np.linspace(0, len(matrix) - 1, min(FIT_FRAMES, len(matrix))).round().astype(int)
    model.fit(matrix[chosen])
    yield 1, None
    coordinates = model.transform(matrix)
    shared = model.inverse_transform(np.zeros((1, coordinates.shape[1])))
    alone = [model.inverse_transform(coordinates * axis) for axis in np.eye(coordinates.shape[1])]
    yield KERNEL_STEPS, np.stack(alone) - (1 - 1 / len(alone)) * shared


def nmf(matrix: Matrix, sources: int, seed: int) -> Iterator[tuple[int, Parts]]:
    """Non-negative components, a fixed number of updates from random values (tol=0: no check, no warning)."""
    from sklearn.decomposition import NMF

    options = {"solver": "mu", "beta_loss": "kullback-leibler", "max_iter": NMF_PIECE, "tol": 0}
    model = NMF(sources, init="random", random_state=seed, **options)
    activations = model.fit_transform(matrix)
    yield NMF_PIECE, _outer(activations, model.components_)
    for step in range(2 * NMF_PIECE, NMF_STEPS + 1, NMF_PIECE):
        spectra = model.components_
        model = NMF(sources, init="custom", **options)
        activations = model.fit_transform(matrix, W=activations, H=spectra)
        yield step, _outer(activations, model.components_)


def separator(factorise: Factorise, steps: int) -> Callable[..., Iterator[Snapshot]]:
    """The baseline made of a factorisation of so many steps: mixture and number of sources in, snapshots out."""

    def separate(
        mix: Float[Tensor, "*batch samples"],
        sources: int,
        *,
        seed: int = 0,
        stop: Callable[[], bool] | None = None,
    ) -> Iterator[Snapshot]:
        """A snapshot after every piece of work; term `reconstruction`: the share of the energy not explained.

        The mixtures of a batch are taken one after the other, from the same seed. Once `stop()` is true, asked
        before the first piece and after each, the current state is the answer: mixtures not reached are shared out
        equally.
        """
        began = time.perf_counter()
        *batch, samples = mix.shape
        mixes = mix.detach().cpu().reshape(-1, samples)
        estimates = mixes[:, None].repeat(1, sources, 1) / sources
        errors = mixes.new_zeros(len(mixes))

        def snapshot(step: int, done: bool) -> Snapshot:
            return Snapshot(
                step,
                len(mixes) * steps,
                {"reconstruction": errors.clone().reshape(batch)},
                errors.clone().reshape(batch),
                estimates.clone().reshape(*batch, sources, samples),
                time.perf_counter() - began,
                done,
            )

        if len(mixes) == 0 or (stop is not None and stop()):
            yield snapshot(0, done=True)
            return
        for row, one in enumerate(mixes):
            for step, found in _separate_one(one, sources, factorise, steps, seed):
                if found is not None:
                    estimates[row], errors[row] = found
                step += row * steps
                done = step == len(mixes) * steps or (stop is not None and stop())
                yield snapshot(step, done)
                if done:
                    return

    return separate


def _separate_one(
    mix: Float[Tensor, " samples"], sources: int, factorise: Factorise, steps: int, seed: int
) -> Iterator[tuple[int, tuple[Float[Tensor, "K samples"], Float[Tensor, ""]] | None]]:
    """Steps done, estimates so far, and the share of the spectrogram's energy that they leave unexplained."""
    spectrum = analyse(mix)
    matrix = spectrum.magnitude.double().numpy()
    level = float(np.sqrt((matrix**2).sum(1).mean()))
    if level < SILENCE:
        yield steps, (mix.new_zeros(sources, len(mix)), mix.new_zeros(()))
        return
    matrix = matrix / level
    energy = (matrix**2).sum()
    count = min(sources, _rank(matrix))
    found = factorise(matrix, count, seed % SEEDS) if count else iter([(steps, np.zeros((0, *matrix.shape)))])
    for step, components in found:
        if components is None:
            yield step, None
            continue
        parts = np.zeros((sources, *matrix.shape))
        parts[:count] = components.clip(0)
        error = ((matrix - parts.sum(0)) ** 2).sum() / energy
        yield step, (spectrum.audio(torch.from_numpy(parts * level).to(mix)), torch.tensor(error).to(mix))


def _rank(matrix: Matrix) -> int:
    """Components the centred matrix has; a few frames have no more than one less than their number."""
    values = np.linalg.svd(matrix - matrix.mean(0), compute_uv=False)
    return int((values > RANK * np.linalg.norm(matrix, 2)).sum())


def _outer(activations: Float[np.ndarray, "frames K"], spectra: Float[np.ndarray, "K bins"]) -> Parts:
    return np.einsum("tk,kf->ktf", activations, spectra)


SEPARATORS = {
    "fastica": separator(fastica, ICA_STEPS),
    "pca": separator(pca, 1),
    "kernelpca": separator(kernelpca, KERNEL_STEPS),
    "nmf": separator(nmf, NMF_STEPS),
}
