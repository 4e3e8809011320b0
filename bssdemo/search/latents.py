"""What a search moves: every source's latent and, when they are not known, the logarithms of the gains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from bssdemo.models import Generator
from bssdemo.search.gains import first_log_gains
from bssdemo.search.presets import SearchConfig
from bssdemo.search.starts import Starts

PEAK_EPS = 1e-4  # added to the peak a generator's output is divided by


@dataclass(frozen=True)
class Anchor:
    """What the leash ties the search to: the encoders' latents and the gains found with them."""

    z: Float[Tensor, "B latents"]
    log_gains: Float[Tensor, "B K"] | None
    share: Float[Tensor, " latents"]  # 1 / latent size for priors with an encoder, 0 for others
    known: Float[Tensor, " K"]  # 1 for priors with an encoder, 0 for others


@dataclass(frozen=True)
class Latents:
    """Every source's z, and its gain: leaves with a row per example and start; no `log_gains` where all gains are 1."""

    z: Float[Tensor, "B latents"]
    log_gains: Float[Tensor, "B K"] | None
    anchor: Anchor

    @property
    def moved(self) -> list[Tensor]:
        """The tensors the optimiser changes."""
        return [self.z] if self.log_gains is None else [self.z, self.log_gains]

    def rows(self, chosen: Int[Tensor, " rows"]) -> Latents:
        """These rows as leaves of their own."""

        def kept(x: Tensor | None) -> Tensor | None:
            return None if x is None else x.detach()[chosen]

        anchor = replace(self.anchor, z=self.anchor.z[chosen], log_gains=kept(self.anchor.log_gains))
        gains = kept(self.log_gains)
        return Latents(
            self.z.detach()[chosen].requires_grad_(),
            None if gains is None else gains.requires_grad_(),
            anchor,
        )

    def estimates(self, priors: Sequence[Generator], peak_normalise: bool) -> Float[Tensor, "B K samples"]:
        """g_k G_k(z_k)."""
        sounds = generate(self.z, priors, peak_normalise)
        return sounds if self.log_gains is None else self.log_gains.exp()[..., None] * sounds

    def distance(self) -> Float[Tensor, " B"]:
        """R of equation 1, summed over the sources that have an encoder: mean((z - z_anchor)^2).

        Where gains are searched the squared change of log g is added.
        """
        distance = ((self.z - self.anchor.z).square() * self.anchor.share).sum(1)
        if self.log_gains is None or self.anchor.log_gains is None:
            return distance
        return distance + ((self.log_gains - self.anchor.log_gains).square() * self.anchor.known).sum(1)

    def gains(self, sources: int) -> Float[Tensor, "B K"]:
        """The gains themselves, detached."""
        if self.log_gains is None:
            return self.z.new_ones(len(self.z), sources)
        return self.log_gains.detach().exp()


@torch.no_grad()
def first_latents(
    mix: Float[Tensor, "B samples"], starts: Starts, priors: Sequence[Generator], config: SearchConfig
) -> Latents:
    """The starts of all examples one below the other, with their first gains.

    Those of a search on a leash are the gains found at its anchor: sounds that are not there yet have no level.
    """
    count = starts.z.shape[1]
    z = starts.z.flatten(0, 1).clone()
    log_gains = anchored = None
    if config.gain == "estimated":
        tied = config.start != "encoder" and bool(starts.known.any())
        heard = starts.anchor.repeat_interleave(count, 0) if tied else z
        sounds = generate(heard, priors, config.peak_normalise)
        log_gains = first_log_gains(mix.repeat_interleave(count, 0), sounds)
        anchored = log_gains[::count].repeat_interleave(count, 0)  # those of the first start
        log_gains.requires_grad_()
    share = torch.cat(
        [one.expand(p.latent_size) / p.latent_size for one, p in zip(starts.known, priors, strict=True)]
    )
    anchor = Anchor(starts.anchor.repeat_interleave(count, 0), anchored, share, starts.known)
    return Latents(z.requires_grad_(), log_gains, anchor)


def generate(
    z: Float[Tensor, "B latents"], priors: Sequence[Generator], peak_normalise: bool
) -> Float[Tensor, "B K samples"]:
    """Every source's G(z), the latents of all priors lying side by side in `z`.

    A prior that occurs several times runs once, on its latents one below the other.
    """
    latents = z.split([prior.latent_size for prior in priors], 1)
    sources: list[Tensor] = [z] * len(priors)
    for prior in dict.fromkeys(priors):
        places = [k for k, other in enumerate(priors) if other is prior]
        audio = prior(torch.cat([latents[k] for k in places]))
        for k, one in zip(places, audio.chunk(len(places)), strict=True):
            sources[k] = one
    stacked = torch.stack(sources, 1)
    if not peak_normalise:
        return stacked
    return stacked / (stacked.abs().amax(-1, keepdim=True) + PEAK_EPS)


def keep_rows(
    latents: Latents, adam: torch.optim.Adam, rows: Int[Tensor, " rows"]
) -> tuple[Latents, torch.optim.Adam]:
    """These rows alone, with their part of Adam's memory."""
    kept = latents.rows(rows)
    kept_adam = torch.optim.Adam(kept.moved)
    for before, after in zip(latents.moved, kept.moved, strict=True):
        kept_adam.state[after] = {
            name: value if name == "step" else value[rows] for name, value in adam.state[before].items()
        }
    return kept, kept_adam


def learning_rate(config: SearchConfig, step: int) -> float:
    """The rate of update number `step`, counted from 0; cosine falls from the full rate towards 0."""
    if config.schedule == "constant":
        return config.learning_rate
    return config.learning_rate * (1 + math.cos(math.pi * step / config.steps)) / 2
