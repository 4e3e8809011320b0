"""Algorithm 1 of Narayanaswamy et al. 2020: projected gradient descent over all latents at once.

    m_hat = sum_k G_k(z_k);   z <- clip(z - Adam(grad_z L(m_hat, m)), -1, 1)

batched over examples and over starts, and told as a generator of snapshots: callers draw, change
the weights or stop between steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.models.wavegan import SAMPLES, Generator
from bssdemo.search.best import Best
from bssdemo.search.objective import TERMS, Weights, prepare, terms, weighted
from bssdemo.search.presets import PRESETS, SearchConfig
from bssdemo.snapshot import Snapshot

__all__ = ["PRESETS", "SearchConfig", "separate"]

TWIN_NUDGE = 0.05  # reach of the offset from z = 0 of a prior's second occurrence
PEAK_EPS = 1e-4  # added to the peak a generator's output is divided by


def separate(
    mix: Float[Tensor, "*batch samples"],
    priors: Sequence[Generator],
    config: SearchConfig = PRESETS["balanced"],
    *,
    generator: torch.Generator | None = None,
    weights: Callable[[], Weights] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Iterator[Snapshot]:
    """Search the priors' latent spaces for sources that add up to `mix`.

    `mix`: 16,384 samples at 16 kHz, at the level of a plain sum of peak-normalised sources; leading
    axes are independent examples. `priors`: one frozen generator per source, the same one may occur
    twice. `generator` draws the random starts (seed 0 if none is given).
    `weights()` and `stop()` are asked before every step. Yields step 0, then one snapshot per step;
    the last one, `done`, holds the best iterate of every example. While searching from several
    starts a snapshot shows, per example, the one with the lowest total.
    Raises ValueError, on the call itself, for a mixture that is not such audio or no priors.
    """
    _check(mix, priors)
    return _search(mix, priors, config, generator, weights, stop)


def _check(mix: Float[Tensor, "*batch samples"], priors: Sequence[Generator]) -> None:
    if len(priors) == 0:
        raise ValueError("choose at least one source to look for: no priors were given")
    if mix.shape[-1] != SAMPLES:
        raise ValueError(f"a mixture is {SAMPLES} samples long (1.024 s), got {mix.shape[-1]}")
    if mix.numel() == 0:
        raise ValueError("there is no mixture in this batch")
    if not torch.isfinite(mix).all():
        raise ValueError("the mixture holds samples that are not numbers (NaN or infinity)")


def _search(
    mix: Tensor,
    priors: Sequence[Generator],
    config: SearchConfig,
    generator: torch.Generator | None,
    ask_weights: Callable[[], Weights] | None,
    stop: Callable[[], bool] | None,
) -> Iterator[Snapshot]:
    began = time.perf_counter()
    shape = mix.shape[:-1]
    mix = mix.detach().to(next(priors[0].parameters())).reshape(-1, SAMPLES)
    starts = config.starts
    target = prepare(mix.repeat_interleave(starts, 0), config.objective.form)
    z = _starts(mix, priors, config.starts, generator).requires_grad_()
    adam = torch.optim.Adam([z], lr=config.learning_rate)
    weights = config.objective.weights

    def evaluate() -> tuple[Tensor, dict[str, Tensor]]:
        with torch.enable_grad():
            estimates = generate(z, priors, config.peak_normalise)
            return estimates, terms(target, estimates)

    def snapshot(shown: Best, done: bool = False) -> Snapshot:
        one = shown.rows(shown.leaders(starts))
        return Snapshot(
            step=step,
            steps=config.steps,
            terms={name: one.terms[name].reshape(shape).cpu() for name in TERMS},
            total=one.total.reshape(shape).cpu(),
            estimates=one.estimates.reshape(*shape, len(priors), SAMPLES).cpu(),
            elapsed=time.perf_counter() - began,
            done=done,
        )

    step = 0
    estimates, values = evaluate()
    best = current = Best.of(estimates, values, weights)
    yield snapshot(current)
    while step < config.steps and not (stop is not None and stop()):
        if ask_weights is not None and (asked := ask_weights()) != weights:
            weights = asked
            best = current = current.reweighted(weights)  # totals under other weights do not compare
        if starts > 1 and step == config.explore:
            z, adam = _keep_rows(z, adam, current.leaders(starts))
            best = best.rows(best.leaders(starts))
            target, starts = prepare(mix, config.objective.form), 1
            estimates, values = evaluate()
        with torch.enable_grad():
            loss = weighted(values, weights).sum()
        (z.grad,) = torch.autograd.grad(loss, z)
        adam.param_groups[0]["lr"] = _learning_rate(config, step)
        adam.step()
        if config.bound is not None:
            z.detach().clamp_(-config.bound, config.bound)
        step += 1
        estimates, values = evaluate()
        current = Best.of(estimates, values, weights)
        best = best.or_better(current)
        if step < config.steps:
            yield snapshot(current)
    yield snapshot(best, done=True)


def _keep_rows(z: Tensor, adam: torch.optim.Adam, rows: Tensor) -> tuple[Tensor, torch.optim.Adam]:
    """These latents alone, with their part of Adam's memory."""
    kept = z.detach()[rows].requires_grad_()
    kept_adam = torch.optim.Adam([kept])
    kept_adam.state[kept] = {
        name: value if name == "step" else value[rows] for name, value in adam.state[z].items()
    }
    return kept, kept_adam


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


def _starts(
    mix: Tensor, priors: Sequence[Generator], starts: int, generator: torch.Generator | None
) -> Float[Tensor, "BS latents"]:
    """z = 0 and, after it, random points of [-1, 1]: the same for every example, whatever its batch."""
    if generator is None:
        generator = torch.Generator().manual_seed(0)
    size = sum(prior.latent_size for prior in priors)
    random = 2 * torch.rand(starts - 1, size, generator=generator, device=generator.device) - 1
    points = torch.cat([_near_zero(priors, generator), random])
    return points.to(mix).repeat(len(mix), 1)


def _near_zero(priors: Sequence[Generator], generator: torch.Generator) -> Float[Tensor, "1 latents"]:
    """z = 0, but nudged for a prior's second occurrence: equal latents would have equal gradients for ever."""
    nudges = [
        TWIN_NUDGE * (2 * torch.rand(prior.latent_size, generator=generator, device=generator.device) - 1)
        if any(prior is earlier for earlier in priors[:k])
        else torch.zeros(prior.latent_size, device=generator.device)
        for k, prior in enumerate(priors)
    ]
    return torch.cat(nudges)[None]


def _learning_rate(config: SearchConfig, step: int) -> float:
    """The rate of update number `step`, counted from 0; cosine falls from the full rate towards 0."""
    if config.schedule == "constant":
        return config.learning_rate
    return config.learning_rate * (1 + math.cos(math.pi * step / config.steps)) / 2
