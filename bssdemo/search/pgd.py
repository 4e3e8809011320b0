"""Algorithm 1 of Narayanaswamy et al. 2020: projected gradient descent over all latents at once.

    m_hat = sum_k g_k G_k(z_k);   z <- clip(z - Adam(grad_z [L(m_hat, m) + leash R(z)]), -1, 1)

with every g_k = 1 and no leash in the paper's own setting; starts.py and gains.py are ours. Batched over
examples and over starts, and told as a generator of snapshots: callers draw, change the weights or
stop between steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.format import SAMPLES
from bssdemo.models.wavegan import Generator
from bssdemo.search.best import Best
from bssdemo.search.latents import first_latents, keep_rows, learning_rate
from bssdemo.search.objective import TERMS, Weights, prepare, terms, weighted
from bssdemo.search.presets import PRESETS, SearchConfig
from bssdemo.search.starts import Encoders, Randomness, begin
from bssdemo.snapshot import Snapshot

__all__ = ["PRESETS", "SearchConfig", "separate"]


def separate(
    mix: Float[Tensor, "*batch samples"],
    priors: Sequence[Generator],
    config: SearchConfig = PRESETS["balanced"],
    *,
    encoders: Encoders | None = None,
    generator: Randomness | None = None,
    weights: Callable[[], Weights] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Iterator[Snapshot]:
    """Search the priors' latent spaces for sources that add up to `mix`.

    `mix`: 16,384 samples at 16 kHz, at the level of a plain sum of peak-normalised sources; leading
    axes are independent examples. `priors`: one frozen generator per source, the same one may occur
    twice. `encoders`: one per prior or None where it has none, for a search that begins at their answer or
    is tied to it.
    `generator` draws the random starts, the same for all examples; a sequence has one for each (seed 0 if
    none is given).
    `weights()` and `stop()` are asked before every step. Yields step 0, then one snapshot per step;
    the last one, `done`, holds the best iterate of every example. While searching from several
    starts a snapshot shows, per example, the one with the lowest total.
    Raises ValueError, on the call itself, for a mixture that is not such audio, no priors, or encoders
    that do not match them.
    """
    _check(mix, priors)
    if encoders is not None:
        _check_encoders(priors, encoders)
    if encoders is None or not config.hears:
        encoders = [None] * len(priors)
    return _search(mix, priors, encoders, config, generator, weights, stop)


def _check(mix: Float[Tensor, "*batch samples"], priors: Sequence[Generator]) -> None:
    if len(priors) == 0:
        raise ValueError("choose at least one source to look for: no priors were given")
    if mix.shape[-1] != SAMPLES:
        raise ValueError(f"a mixture is {SAMPLES} samples long (1.024 s), got {mix.shape[-1]}")
    if mix.numel() == 0:
        raise ValueError("there is no mixture in this batch")
    if not torch.isfinite(mix).all():
        raise ValueError("the mixture holds samples that are not numbers (NaN or infinity)")


def _check_encoders(priors: Sequence[Generator], encoders: Encoders) -> None:
    if len(encoders) != len(priors):
        raise ValueError(f"give one encoder (or None) per prior: {len(priors)}, got {len(encoders)}")
    for k, (prior, encoder) in enumerate(zip(priors, encoders, strict=True), start=1):
        if encoder is not None and encoder.latent_size != prior.latent_size:
            sizes = f"{encoder.latent_size} latents, its prior has {prior.latent_size}"
            raise ValueError(f"encoder {k} belongs to another prior: it gives {sizes}")


def _search(
    mix: Tensor,
    priors: Sequence[Generator],
    encoders: Encoders,
    config: SearchConfig,
    generator: Randomness | None,
    ask_weights: Callable[[], Weights] | None,
    stop: Callable[[], bool] | None,
) -> Iterator[Snapshot]:
    began = time.perf_counter()
    shape = mix.shape[:-1]
    mix = mix.detach().to(next(priors[0].parameters())).reshape(-1, SAMPLES)
    starts = config.starts
    target = prepare(mix.repeat_interleave(starts, 0), config.objective.form)
    points = begin(mix, priors, encoders, starts, generator, config.start)
    latents = first_latents(mix, points, priors, config)
    adam = torch.optim.Adam(latents.moved, lr=config.learning_rate)
    weights = config.objective.weights

    def evaluate() -> tuple[dict[str, Tensor], Tensor, Best]:
        with torch.enable_grad():
            estimates = latents.estimates(priors, config.peak_normalise)
            values, distance = terms(target, estimates), latents.distance()
        gains = latents.gains(len(priors))
        return values, distance, Best.of(estimates, gains, values, distance, weights, pull())

    def pull() -> float:
        return config.leash if weights.leash is None else weights.leash

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
            gains=one.gains.reshape(*shape, len(priors)).cpu(),
            leash=one.leash.reshape(shape).cpu(),
        )

    step = 0
    values, distance, current = evaluate()
    best = current
    yield snapshot(current)
    while step < config.steps and not (stop is not None and stop()):
        if ask_weights is not None and (asked := ask_weights()) != weights:
            weights = asked
            best = current = current.reweighted(weights, pull())  # totals under other weights do not compare
        if starts > 1 and step == config.explore:
            latents, adam = keep_rows(latents, adam, current.leaders(starts))
            best = best.rows(best.leaders(starts))
            target, starts = prepare(mix, config.objective.form), 1
            values, distance, _ = evaluate()
        with torch.enable_grad():
            loss = (weighted(values, weights) + pull() * distance).sum()
        for leaf, slope in zip(latents.moved, torch.autograd.grad(loss, latents.moved), strict=True):
            leaf.grad = slope
        adam.param_groups[0]["lr"] = learning_rate(config, step)
        adam.step()
        if config.bound is not None:
            latents.z.detach().clamp_(-config.bound, config.bound)
        step += 1
        values, distance, current = evaluate()
        best = best.or_better(current)
        if step < config.steps:
            yield snapshot(current)
    yield snapshot(best, done=True)
