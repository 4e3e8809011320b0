"""How good an estimate is: three metrics exactly as the reference code of the 2020 paper computes them (section 4),
and SI-SDR, which later papers report.

Argument order is (ref, est), everywhere. Every function takes any number of leading axes and gives one
float64 value per signal. A silent reference has no meaningful score: its values are NaN ("n/a"), never
an error, and an estimate with NaN in it scores NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import scipy.signal
import torch
from fast_bss_eval.numpy.metrics import square_cosine_metrics
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.stft import Stft, transform

METRIC_STFT = Stft(frame=256, hop=128, center=True)  # centred and reflected, unlike the losses' transform
SILENCE = 1e-8  # a signal whose largest magnitude is below this is silent
SIR_FILTER = 512  # taps of the allowed distortion, BSS Eval v3
SIR_LIMIT = 100.0  # dB; beyond it the values are rounding noise of the least-squares solution
SINGULAR_LOAD = 1e-9  # added to the diagonal of a Gram matrix that cannot be solved as it is


def silent(x: Float[Tensor, "*batch samples"]) -> Tensor:
    """True where a signal never exceeds `SILENCE`; boolean, the leading axes of `x`."""
    return x.abs().amax(-1) < SILENCE


def _pair(ref: Tensor, est: Tensor) -> tuple[Tensor, Tensor]:
    if ref.shape != est.shape:
        raise ValueError(
            f"reference and estimate must have one shape, got {tuple(ref.shape)} and {tuple(est.shape)}"
        )
    return ref.double(), est.double()


def _score(values: Tensor, ref: Tensor) -> Tensor:
    return values.masked_fill(silent(ref), torch.nan)


def spectral_snr(
    ref: Float[Tensor, "*batch samples"], est: Float[Tensor, "*batch samples"]
) -> Float[Tensor, "*batch"]:
    """10 log10( sum |S|^2 / sum (|S| - |S_hat|)^2 ) in dB; higher is better, 0 dB for silence as the estimate.

    |S| is the magnitude of a centred 256/128 STFT; phase does not count (paper section 4, [30, 31]).
    """
    ref, est = _pair(ref, est)
    magnitude = transform(ref, METRIC_STFT).abs()
    error = magnitude - transform(est, METRIC_STFT).abs()
    ratio = magnitude.square().sum((-2, -1)) / error.square().sum((-2, -1))
    return _score(10 * torch.log10(ratio), ref)


def envelope(x: Float[Tensor, "*batch samples"]) -> Float[Tensor, "*batch samples"]:
    """Magnitude of the analytic signal (`scipy.signal.hilbert`)."""
    return torch.from_numpy(scipy.signal.hilbert(x.detach().cpu().numpy(), axis=-1)).abs()


def envelope_distance(
    ref: Float[Tensor, "*batch samples"], est: Float[Tensor, "*batch samples"]
) -> Float[Tensor, "*batch"]:
    """Root mean square difference of the two Hilbert envelopes; lower is better (paper section 4, [32])."""
    ref, est = _pair(ref, est)
    return _score((envelope(ref) - envelope(est)).square().mean(-1).sqrt(), ref.cpu())


def sir(
    refs: Float[Tensor, "*batch K samples"], ests: Float[Tensor, "*batch K samples"]
) -> Float[Tensor, "*batch K"]:
    """Signal-to-interference ratio in dB, BSS Eval v3: 512-tap filters, one window, no permutation ([33]).

    This is `fast_bss_eval.bss_eval_sources(..., compute_permutation=False)[1]`, given float64 tensors, of the shares
    of each estimate's energy that its own reference and all references explain. NumPy solves for them: torch's MKL
    breaks off on more than one thread (2.13, "Parameter 6 ... DLASWP"), whose number is the whole process's. In mono
    it is the SIR of `mir_eval.separation.bss_eval_sources` and of `bss_eval_images` alike, and so museval's:
    the two differ in SDR only. Limited to +-100 dB.

    NaN for every stem of a mixture with a silent reference (as in museval), for a silent estimate, and
    for K = 1, where nothing can interfere.
    """
    refs, ests = _pair(refs, ests)
    *batch, sources, samples = refs.shape
    values = [
        _sir_of_one(r, e)
        for r, e in zip(refs.reshape(-1, sources, samples), ests.reshape(-1, sources, samples), strict=True)
    ]
    return torch.stack(values).reshape(*batch, sources)


def _sir_of_one(refs: Float[Tensor, "K samples"], ests: Float[Tensor, "K samples"]) -> Float[Tensor, " K"]:
    if len(refs) == 1 or silent(refs).any():
        return refs.new_full((len(refs),), torch.nan)
    arrays = refs.cpu().numpy(), ests.cpu().numpy()
    try:
        shares = square_cosine_metrics(*arrays, filter_length=SIR_FILTER)
    except np.linalg.LinAlgError:  # references that are delayed copies of each other, or pure tones
        shares = square_cosine_metrics(*arrays, filter_length=SIR_FILTER, load_diag=SINGULAR_LOAD)
    own, all_together = (torch.from_numpy(share).diagonal() for share in shares)  # of (refs, ests)
    least = 1 / (1 + 10 ** (SIR_LIMIT / 10))
    share = (own / all_together).clamp(least, 1 - least)
    return _score(10 * torch.log10(share / (1 - share)), ests.cpu())


def si_sdr(
    ref: Float[Tensor, "*batch samples"], est: Float[Tensor, "*batch samples"]
) -> Float[Tensor, "*batch"]:
    """Scale-invariant SDR in dB (Le Roux et al. 2019, "SDR - half-baked or well done?", equation 3).

    10 log10( |a ref|^2 / |a ref - est|^2 ) with a = <est, ref> / |ref|^2; no mean is removed.
    NaN for a silent estimate too.
    """
    ref, est = _pair(ref, est)
    scale = (est * ref).sum(-1, keepdim=True) / ref.square().sum(-1, keepdim=True)
    target = scale * ref
    ratio = target.square().sum(-1) / (target - est).square().sum(-1)
    return _score(_score(10 * torch.log10(ratio), ref), est)


# What the benchmark reports: name in the records -> function of (refs, ests), both (B, K, samples).
METRICS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "spectral_snr": spectral_snr,
    "envelope_distance": envelope_distance,
    "sir": sir,
    "si_sdr": si_sdr,
}
