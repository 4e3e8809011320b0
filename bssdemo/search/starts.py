"""Where a search begins: the encoders' answer, z = 0, and random points of the cube."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.stft import Stft, inverse, transform
from bssdemo.models import Generator, LatentEncoder
from bssdemo.models.encoder import TimedEncoder

TWIN_NUDGE = 0.05  # reach of the offset that a prior's second occurrence gets
PEEL = Stft(frame=512, hop=128, center=True)  # on whose bins a twin's first sound is taken away
POWER_EPS = 1e-8

First = Literal["zeros", "encoder", "random"]
Encoders = Sequence[LatentEncoder | TimedEncoder | None]
Randomness = torch.Generator | Sequence[torch.Generator]  # one for all examples alike, or one for each


@dataclass(frozen=True)
class Starts:
    """Latents to begin with, all priors' side by side, and the point that the leash ties them to.

    `anchor` is the encoders' answer; `known` is 1 for every prior with an encoder, else 0: its latents in the
    anchor mean nothing.
    """

    z: Float[Tensor, "B starts latents"]
    anchor: Float[Tensor, "B latents"]
    known: Float[Tensor, " K"]


def begin(
    mix: Float[Tensor, "B samples"],
    priors: Sequence[Generator],
    encoders: Encoders,
    starts: int,
    generator: Randomness | None,
    first: First = "encoder",
) -> Starts:
    """`starts` points per example: the encoders' z if they come `first` and there is one, then z = 0 unless
    random ones do, then random ones.

    With one generator the random points are the same for every example, with one for each they are not;
    neither depends on the batch. A prior without encoder (None) starts at 0 in the encoders' point.
    """
    if generator is None:
        generator = torch.Generator().manual_seed(0)
    generators = [generator] if isinstance(generator, torch.Generator) else generator
    known = torch.tensor([float(encoder is not None) for encoder in encoders]).to(mix)
    size = sum(prior.latent_size for prior in priors)
    zero, answer = first != "random", first == "encoder" and bool(known.any())
    count = max(0, starts - zero - answer)
    drawn = [(_twin_nudge(priors, one), _uniform(one, count, size)) for one in generators]
    nudge = torch.stack([nudge for nudge, _ in drawn]).to(mix).expand(len(mix), -1)
    points = [nudge] if zero else []
    anchor = (encode(mix, priors, encoders) + nudge).clamp(-1, 1) if known.any() else nudge
    if answer:
        points.insert(0, anchor)
    random = torch.stack([some for _, some in drawn]).to(mix).expand(len(mix), -1, -1)
    return Starts(torch.stack([*points, *random.unbind(1)][:starts], 1), anchor, known)


def _uniform(generator: torch.Generator, *shape: int) -> Float[Tensor, "..."]:
    """In -1 to 1, as z is in training."""
    return 2 * torch.rand(*shape, generator=generator, device=generator.device) - 1


@torch.no_grad()
def encode(
    mix: Float[Tensor, "B samples"], priors: Sequence[Generator], encoders: Encoders
) -> Float[Tensor, "B latents"]:
    """Every source's first z. A prior's second occurrence sees the mixture without what the first one found."""
    latents: list[Tensor] = []
    for k, (prior, encoder) in enumerate(zip(priors, encoders, strict=True)):
        rest = mix
        for earlier, z in zip(priors[:k], latents, strict=True):
            if earlier is prior and encoder is not None:
                rest = without(rest, prior(z))
        none = mix.new_zeros(len(mix), prior.latent_size)
        latents.append(none if encoder is None else encoder(rest))
    return torch.cat(latents, 1)


def without(mix: Float[Tensor, "B samples"], sound: Float[Tensor, "B samples"]) -> Float[Tensor, "B samples"]:
    """`mix` with the power of `sound` subtracted in every bin, the mixture's phase kept."""
    spectrum = transform(mix, PEEL)
    power, taken = spectrum.abs().square(), transform(sound, PEEL).abs().square()
    gain = (power * taken).sum((1, 2), keepdim=True) / (taken.square().sum((1, 2), keepdim=True) + POWER_EPS)
    left = (power - gain * taken).clamp(min=0) / (power + POWER_EPS)
    return inverse(spectrum * left.sqrt(), PEEL, mix.shape[-1])


def _twin_nudge(priors: Sequence[Generator], generator: torch.Generator) -> Float[Tensor, " latents"]:
    """0, but random for a prior's second occurrence: equal latents would have equal gradients for ever."""
    nudges = [
        TWIN_NUDGE * _uniform(generator, prior.latent_size)
        if any(prior is earlier for earlier in priors[:k])
        else torch.zeros(prior.latent_size, device=generator.device)
        for k, prior in enumerate(priors)
    ]
    return torch.cat(nudges)
