"""Stems that add up to the mixture: soft masks from rough estimates, on the mixture's own complex STFT.

    M_k = v_k / sum_j v_j,   stem_k = STFT^-1(M_k X),   v_k = |S_k|^p (smoothed),   X = STFT(m)

p = 2 is the Wiener filter of a Gaussian model (Liutkus and Badeau, "Generalized Wiener filtering with
fractional power spectrograms", ICASSP 2015). The estimates give the shares only; phase and detail are the
mixture's. One more share, the residual, takes what no estimate explains.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.nn import functional

from bssdemo.stft import Stft, inverse, transform

__all__ = ["DEFAULT", "RefineConfig", "Refined", "apply", "masks", "refine"]

FLOOR = 1e-10  # of the mixture's mean power, added to every power: where nothing sounds the shares are equal
SILENCE = 1e-30  # least mean power a mixture is divided by


@dataclass(frozen=True)
class RefineConfig:
    """How the masks are made.

    `exponent` p: 1 shares by magnitude, 2 by power, more is nearer to winner-takes-all. `smooth`: the
    estimated powers are averaged over so many frames and bins first (odd numbers; (1, 1) leaves them).
    `iterations` of expectation-maximisation re-estimate the powers from the masked mixture.
    `residual`: the residual's magnitude is this many times what the mixture has above `margin` times the
    sum of the estimated magnitudes; 0 leaves its mask empty.
    """

    frame: int = 1024
    hop: int = 256
    exponent: float = 2.0
    smooth: tuple[int, int] = (3, 3)
    iterations: int = 0
    residual: float = 1.0
    margin: float = 2.0

    def __post_init__(self) -> None:
        if self.frame < 4 or self.frame % 2:
            raise ValueError(f"frame must be an even number of samples, at least 4, got {self.frame}")
        if not 1 <= self.hop <= self.frame // 2:
            raise ValueError(f"hop must lie between 1 and half the frame, got {self.hop}")
        if not 0 < self.exponent < float("inf"):
            raise ValueError(f"exponent must be above 0, got {self.exponent}")
        if any(size < 1 or size % 2 == 0 for size in self.smooth):
            raise ValueError(f"smooth must be two odd numbers, got {self.smooth}")
        if self.iterations < 0:
            raise ValueError(f"iterations must not be negative, got {self.iterations}")
        if not (0 <= self.residual < float("inf") and self.margin >= 1):
            raise ValueError(
                f"residual must not be negative and margin at least 1, got {self.residual} and {self.margin}"
            )

    @property
    def stft(self) -> Stft:
        """The transform that the masks belong to: centred, so that it has an exact inverse."""
        return Stft(self.frame, self.hop, center=True)


DEFAULT = RefineConfig()


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
    mixed = _power(mix, config.stft)
    level = mixed.mean((-2, -1), keepdim=True).clamp_min(SILENCE)
    mixed = mixed / level
    powers = _smoothed(_power(estimates, config.stft) / level[..., None, :, :], config.smooth) + FLOOR
    shares = _shares(torch.cat([powers, _unexplained(mixed, powers, config)], -3), config.exponent)
    for _ in range(config.iterations):
        # a Gaussian model of one channel: the power of each masked mixture, then Wiener's exponent
        shares = _shares(_smoothed(shares.square() * mixed[..., None, :, :], config.smooth) + FLOOR, 2.0)
    return shares


def apply(
    masks: Float[Tensor, "*batch parts frames bins"], signal: Float[Tensor, "*batch samples"], stft: Stft
) -> Float[Tensor, "*batch parts samples"]:
    """The signal seen through every mask; masks whose sum is one give parts whose sum is the signal.

    Masks of one channel may be applied to another of the same length. Raises ValueError for masks of another length.
    """
    spectrum = _spectrum(signal, stft)
    if masks.shape[-2:] != spectrum.shape[-2:]:
        raise ValueError(
            f"masks of {tuple(masks.shape[-2:])} frames and bins do not fit a signal of {tuple(spectrum.shape[-2:])}"
        )
    samples = signal.shape[-1]
    filled = samples + _missing(samples, stft)
    return inverse(masks * spectrum[..., None, :, :], stft, filled)[..., :samples]


def _unexplained(
    mixed: Float[Tensor, "*batch frames bins"],
    powers: Float[Tensor, "*batch K frames bins"],
    config: RefineConfig,
) -> Float[Tensor, "*batch 1 frames bins"]:
    """The residual's power. |X| is at most the sum of the true magnitudes, so perfect estimates leave nothing."""
    explained = powers.sqrt().sum(-3)
    observed = _smoothed(mixed, config.smooth).sqrt()
    return (config.residual * (observed - config.margin * explained).clamp_min(0)).square()[..., None, :, :]


def _shares(
    powers: Float[Tensor, "*batch J frames bins"], exponent: float
) -> Float[Tensor, "*batch J frames bins"]:
    relative = (powers / powers.amax(-3, keepdim=True)).pow(exponent / 2)
    return relative / relative.sum(-3, keepdim=True)


def _smoothed(
    power: Float[Tensor, "*batch frames bins"], size: tuple[int, int]
) -> Float[Tensor, "*batch frames bins"]:
    """Mean over the neighbourhood, at the edges over the part of it that is there."""
    if size == (1, 1):
        return power
    *batch, frames, bins = power.shape
    around = tuple(side // 2 for side in size)
    flat = power.reshape(-1, 1, frames, bins)
    return functional.avg_pool2d(flat, size, 1, around, count_include_pad=False).reshape(*batch, frames, bins)


def _power(x: Float[Tensor, "*batch samples"], stft: Stft) -> Float[Tensor, "*batch frames bins"]:
    return torch.view_as_real(_spectrum(x, stft)).square().sum(-1)


def _spectrum(x: Float[Tensor, "*batch samples"], stft: Stft) -> Complex[Tensor, "*batch frames bins"]:
    """The transform of `x` filled up with zeros: the window's last, tiny weights would spoil the inverse otherwise."""
    return transform(functional.pad(x, (0, _missing(x.shape[-1], stft))), stft)


def _missing(samples: int, stft: Stft) -> int:
    """Zeros that make a length a whole number of hops, and long enough to be reflected at its ends."""
    least = max(samples, stft.frame)
    return -(-least // stft.hop) * stft.hop - samples
