"""Stems that add up to the mixture: soft masks from rough estimates, on the mixture's own complex STFT.

    M_k = v_k^p / sum_j v_j^p,   stem_k = STFT^-1(M_k X),   v_k = c_k |S_k|,   X = STFT(m)

The estimates S_k give the shares only; phase and detail are the mixture's. p = 2 is the Wiener filter of a
Gaussian model (Liutkus and Badeau, "Generalized Wiener filtering with fractional power spectrograms", ICASSP
2015). The colours c_k correct a generator's timbre: one factor per frequency and about a second,

    c_k <- (c_k <|S_k| |X| / sum_j v_j> + w_k) / (<|S_k|> + w_k),   <.> = mean over time,

an expectation-maximisation step of the Poisson model of non-negative matrix factorisation (Cemgil, "Bayesian
inference for nonnegative matrix factorisation models", 2009) with a Gamma prior that wants c = 1: only where a
source is strong does the mixture have the say. Then a few spectra of this recording have half a say in every
source (spectra.py): v_k <- sqrt(v_k (H W)_k). One more share, the residual, takes what no estimate explains.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.nn import functional

from bssdemo.audio.stft import Stft, inverse, transform
from bssdemo.search.spectra import few_spectra

__all__ = ["BY_TRUTH", "DEFAULT", "RefineConfig", "Refined", "apply", "masks", "refine"]

FLOOR = 1e-5  # of the mixture's mean, added to every magnitude: where nothing sounds the shares are equal
NEIGHBOURHOOD = (3, 9)  # frames and bins: 48 ms and 140 Hz by default
SILENCE = 1e-15  # least mean a mixture is divided by


@dataclass(frozen=True)
class RefineConfig:
    """How the masks are made; chosen on validation mixtures (docs/guide/refinement.md).

    `exponent` p: 1 shares by magnitude, 2 by power, more is nearer to winner-takes-all. `iterations` of the
    colours, 0 leaves them 1; `reach`: the frames, an odd number, a colour is estimated on; `trust` in the
    generator's own colour: the prior's weight w_k in mean magnitudes of source k. `spectra`: how many a source has
    in every second; 0: the estimates alone have the say, as for masks of true sources.
    `residual`: the residual's magnitude is this many times what the mixture has above `margin` times the
    sum of the estimated magnitudes; 0 leaves its mask empty.
    """

    frame: int = 1024
    hop: int = 256
    exponent: float = 1.7
    iterations: int = 5
    reach: int = 33
    trust: float = 3.0
    spectra: int = 8
    residual: float = 1.0
    margin: float = (
        16.0  # nearer to 1 takes more of a novel source, and details of the known ones that a prior misses
    )

    def __post_init__(self) -> None:
        if self.frame < 4 or self.frame % 2:
            raise ValueError(f"frame must be an even number of samples, at least 4, got {self.frame}")
        if not 1 <= self.hop <= self.frame // 2:
            raise ValueError(f"hop must lie between 1 and half the frame, got {self.hop}")
        if not 0 < self.exponent < float("inf"):
            raise ValueError(f"exponent must be above 0, got {self.exponent}")
        if self.iterations < 0:
            raise ValueError(f"iterations must not be negative, got {self.iterations}")
        if self.reach < 1 or self.reach % 2 == 0:
            raise ValueError(f"reach must be an odd number of frames, got {self.reach}")
        if not 0 < self.trust < float("inf"):
            raise ValueError(f"trust must be above 0, got {self.trust}")
        if self.spectra < 0:
            raise ValueError(f"spectra must not be negative, got {self.spectra}")
        if not 0 <= self.residual < float("inf"):
            raise ValueError(f"residual must be at least 0, got {self.residual}")
        if not 1 <= self.margin < float("inf"):
            raise ValueError(f"margin must be at least 1, got {self.margin}")

    @property
    def stft(self) -> Stft:
        """The transform that the masks belong to: centred, so that it has an exact inverse."""
        return Stft(self.frame, self.hop, center=True)


DEFAULT = RefineConfig()
BY_TRUTH = RefineConfig(
    exponent=2.0, iterations=5, reach=65, trust=1.0, spectra=0
)  # for true sources: the oracle


@dataclass(frozen=True)
class Refined:
    """Stems and the residual; together they are the mixture."""

    stems: Float[Tensor, "*batch K samples"]
    residual: Float[Tensor, "*batch samples"]


def refine(
    mix: Float[Tensor, "*batch samples"],
    estimates: Float[Tensor, "*batch K samples"],
    config: RefineConfig = DEFAULT,
) -> Refined:
    """The mixture's own sound, shared out among the sources as the estimates say.

    `estimates` at the level of `mix`; any length, leading axes are independent examples. Stems and
    residual add up to `mix`. Raises ValueError when there is no estimate.
    """
    parts = apply(masks(mix, estimates, config), mix, config.stft)
    return Refined(parts[..., :-1, :], parts[..., -1, :])


def masks(
    mix: Float[Tensor, "*batch samples"],
    estimates: Float[Tensor, "*batch K samples"],
    config: RefineConfig = DEFAULT,
) -> Float[Tensor, "*batch K+1 frames bins"]:
    """Every source's share of every bin and, last, the residual's: not negative, their sum is one.

    The last two axes are those of the transform `config.stft` of `mix`, filled up with zeros as `apply` does.
    Raises ValueError when there is no estimate.
    """
    if estimates.shape[-2] == 0:
        raise ValueError("there are no estimates to refine")
    observed = magnitude(mix, config.stft)
    level = observed.square().mean((-2, -1), keepdim=True).sqrt().clamp_min(SILENCE)
    observed = observed / level
    magnitudes = magnitude(estimates, config.stft) / level[..., None, :, :] + FLOOR
    magnitudes = magnitudes * _colours(observed, magnitudes, config)
    rest = _unexplained(observed, magnitudes, config)
    if config.spectra:
        magnitudes = (magnitudes * (few_spectra(observed, magnitudes, config.spectra) + FLOOR)).sqrt()
    magnitudes = torch.cat([magnitudes, rest], -3)
    relative = (magnitudes / magnitudes.amax(-3, keepdim=True)).pow(config.exponent)
    return relative / relative.sum(-3, keepdim=True)


def apply(
    masks: Float[Tensor, "*batch parts frames bins"], signal: Float[Tensor, "*batch samples"], stft: Stft
) -> Float[Tensor, "*batch parts samples"]:
    """The signal seen through every mask; masks whose sum is one give parts whose sum is the signal.

    Masks of one channel may be applied to another of the same length. Raises ValueError for masks of another length.
    """
    whole = spectrum(signal, stft)
    if masks.shape[-2:] != whole.shape[-2:]:
        raise ValueError(
            f"masks of {tuple(masks.shape[-2:])} frames and bins do not fit a signal of {tuple(whole.shape[-2:])}"
        )
    samples = signal.shape[-1]
    filled = samples + _missing(samples, stft)
    return inverse(masks * whole[..., None, :, :], stft, filled)[..., :samples]


def _colours(
    observed: Float[Tensor, "*batch frames bins"],
    magnitudes: Float[Tensor, "*batch K frames bins"],
    config: RefineConfig,
) -> Float[Tensor, "*batch K frames bins"]:
    """Each source's factors c_k, one per bin and slowly changing over the frames."""
    own = _over_time(magnitudes, config.reach)
    prior = config.trust * magnitudes.mean((-2, -1), keepdim=True)
    colours = torch.ones_like(magnitudes)
    for _ in range(config.iterations):
        explained = (colours * magnitudes).sum(-3, keepdim=True)
        seen = _over_time(magnitudes * (observed[..., None, :, :] / explained), config.reach)
        colours = (colours * seen + prior) / (own + prior)
    return colours


def _unexplained(
    observed: Float[Tensor, "*batch frames bins"],
    magnitudes: Float[Tensor, "*batch K frames bins"],
    config: RefineConfig,
) -> Float[Tensor, "*batch 1 frames bins"]:
    """The residual's magnitude, of root mean squares over a neighbourhood: a prior misses details everywhere.

    |X| is at most the sum of the true magnitudes (and so are the root mean squares): perfect estimates leave nothing.
    """
    excess = _around(observed) - config.margin * _around(magnitudes).sum(-3)
    return config.residual * excess.clamp_min(0)[..., None, :, :]


def _around(x: Float[Tensor, "*batch frames bins"]) -> Float[Tensor, "*batch frames bins"]:
    """Root mean square over NEIGHBOURHOOD frames and bins, at the edges over those that are there."""
    *batch, frames, bins = x.shape
    reach = tuple(side // 2 for side in NEIGHBOURHOOD)
    power = x.square().reshape(-1, 1, frames, bins)
    means = functional.avg_pool2d(power, NEIGHBOURHOOD, 1, reach, count_include_pad=False)
    return means.sqrt().reshape(*batch, frames, bins)


def _over_time(x: Float[Tensor, "*batch frames bins"], reach: int) -> Float[Tensor, "*batch frames bins"]:
    """Mean over `reach` frames around each, at the ends over those that are there."""
    frames = torch.arange(x.shape[-2], device=x.device)
    first, last = (frames - reach // 2).clamp_min(0), (frames + reach // 2 + 1).clamp_max(len(frames))
    exact = x.double() if x.device.type != "mps" else x  # Apple's cards have no float64
    sums = functional.pad(exact.cumsum(-2), (0, 0, 1, 0))  # in float64: a loud second must not
    window = sums[..., last, :] - sums[..., first, :]  # leave its rounding in a quiet one
    return (window / (last - first)[:, None]).to(x)


def magnitude(x: Float[Tensor, "*batch samples"], stft: Stft) -> Float[Tensor, "*batch frames bins"]:
    """|STFT| on the frames and bins of the masks."""
    return spectrum(x, stft).abs()


def spectrum(x: Float[Tensor, "*batch samples"], stft: Stft) -> Complex[Tensor, "*batch frames bins"]:
    """The transform of `x` filled up with zeros: the window's last, tiny weights would spoil the inverse otherwise."""
    return transform(functional.pad(x, (0, _missing(x.shape[-1], stft))), stft)


def _missing(samples: int, stft: Stft) -> int:
    """Zeros that make a length a whole number of hops, and long enough to be reflected at its ends."""
    least = max(samples, stft.frame)
    return -(-least // stft.hop) * stft.hop - samples
