"""How fast the search is on this machine: steps, whole recordings, and against the paper's schedule.

Times are wall-clock. What is compared is measured in turns and the lower quartile is taken, so that
another program's bursts touch both sides alike and neither for long.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio import SAMPLE_RATE
from bssdemo.audio.format import SAMPLES
from bssdemo.audio.windows import lay_out
from bssdemo.metrics.audio import spectral_snr
from bssdemo.models.wavegan import PLAIN_KERNEL, SEED_FRAMES, STRIDE, Generator, UpConv
from bssdemo.search.latents import generate
from bssdemo.search.long import for_length, separate_long
from bssdemo.search.pgd import PRESETS, SearchConfig, separate
from bssdemo.search.refine import refine
from bssdemo.search.starts import Encoders
from bssdemo.snapshot import Snapshot

MATRIX = 1536  # rows and columns of the matrix product: 28 MB, well beyond the caches


@dataclass(frozen=True)
class Step:
    """One step of the search, in milliseconds."""

    model_size: int
    sources: int
    batch: int
    generators: float  # forward and the gradient with respect to the latents
    whole: float  # the same, with objective, Adam, projection and snapshot
    gflops: float  # of the generators, per second

    @property
    def ratio(self) -> float:
        """Whole step / generators."""
        return self.whole / self.generators


@dataclass(frozen=True)
class Length:
    """A whole recording, separated and refined with the default settings."""

    seconds: int  # of sound
    windows: int
    steps: int
    search: float  # seconds of work
    refine: float
    peak_gb: float  # of this process so far


@dataclass(frozen=True)
class Race:
    """The default settings against the paper's: mean spectral SNR of the refined stems."""

    mixtures: int
    paper_snr: float
    paper_seconds: float
    ours_snr: float  # at the end
    ours_seconds: float
    reached_seconds: float | None  # when ours was first as good as the paper's end; None: never


def in_turns(tasks: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Lower quartile of each task's seconds, after one call that is not counted."""
    taken: list[list[float]] = [[] for _ in tasks]
    for turn in range(repeats + 1):
        for task, times in zip(tasks, taken, strict=True):
            began = time.perf_counter()
            task()
            if turn:
                times.append(time.perf_counter() - began)
    return [sorted(times)[len(times) // 4] for times in taken]


def ceiling(repeats: int) -> float:
    """GFLOP/s of float32 matrix products: what no network here can exceed."""
    square = torch.ones(MATRIX, MATRIX)
    (seconds,) = in_turns([lambda: square @ square], repeats)
    return 2 * MATRIX**3 / seconds / 1e9


def generator_gflop(prior: Generator) -> float:
    """Billions of operations of one forward pass and input gradient: two products each."""
    total, frames = prior.dense.weight.numel(), SEED_FRAMES
    for layer in prior.up:
        assert isinstance(layer, UpConv)
        inputs, outputs, _ = layer.weight.shape
        total += inputs * outputs * STRIDE * PLAIN_KERNEL * frames
        frames *= STRIDE
    return 2 * 2 * total / 1e9


def step(priors: Sequence[Generator], batch: int, repeats: int) -> Step:
    """Generators alone beside the search's own steps, on the same batch."""
    config = replace(PRESETS["balanced"], starts=1, explore=None, steps=repeats + 2)
    search = separate(_sound(batch, SAMPLES), priors, config)
    next(search)  # the first evaluation
    z = torch.zeros(batch, sum(prior.latent_size for prior in priors), requires_grad=True)

    def alone() -> None:
        torch.autograd.grad(generate(z, priors, False).sum(), z)

    generators, whole = in_turns([alone, lambda: next(search)], repeats)
    work = batch * sum(map(generator_gflop, priors))
    return Step(priors[0].model_size, len(priors), batch, 1e3 * generators, 1e3 * whole, work / generators)


def steps_per_second(
    priors: Sequence[Generator],
    config: SearchConfig,
    watch: Callable[[Float[Tensor, " samples"], Iterator[Snapshot]], Iterable[object]],
    encoders: Encoders | None = None,
) -> tuple[float, float]:
    """(without, with) what `watch` makes of the mixture and the search's snapshots, for instance a board."""
    mix = _sound(SAMPLES)

    def plain() -> None:
        for _ in separate(mix, priors, config, encoders=encoders):
            pass

    def watched() -> None:
        for _ in watch(mix, separate(mix, priors, config, encoders=encoders)):
            pass

    alone, beside = in_turns([plain, watched], 2)
    return config.steps / alone, config.steps / beside


def length(
    priors: Sequence[Generator], seconds: int, config: SearchConfig, encoders: Encoders | None = None
) -> Length:
    """The cost of so many seconds of sound."""
    mono = _sound(seconds * SAMPLE_RATE)
    config = for_length(config, len(mono))
    began = time.perf_counter()
    *_, answer = separate_long(mono, priors, config, encoders=encoders)
    searched = time.perf_counter()
    refine(mono, answer.estimates)
    refined = time.perf_counter()
    windows = len(lay_out(mono, SAMPLES).starts)
    return Length(seconds, windows, config.steps, searched - began, refined - searched, peak_gb())


def race(
    mix: Float[Tensor, "B samples"],
    refs: Float[Tensor, "B K samples"],
    priors: Sequence[Generator],
    ours: SearchConfig,
    paper: SearchConfig,
    encoders: Encoders | None = None,
) -> Race:
    """How soon our search's refined stems are as good as those the paper's schedule ends with."""
    *_, last = separate(mix, priors, paper)
    goal, reached = _refined_snr(mix, refs, last), None
    spent = 0.0  # on scoring, which is no part of the search
    for snapshot in separate(mix, priors, ours, encoders=encoders):
        began = time.perf_counter()
        snr = _refined_snr(mix, refs, snapshot)
        if reached is None and snr >= goal:
            reached = snapshot.elapsed - spent
        elapsed = snapshot.elapsed - spent
        spent += time.perf_counter() - began
    return Race(len(mix), goal, last.elapsed, snr, elapsed, reached)


def peak_gb() -> float:
    """The most memory this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e9 if sys.platform == "darwin" else 1e6)


def _refined_snr(mix: Tensor, refs: Tensor, snapshot: Snapshot) -> float:
    return float(spectral_snr(refs, refine(mix, snapshot.estimates).stems).nanmean())


def _sound(*shape: int) -> Tensor:
    return 0.3 * torch.randn(*shape, generator=torch.Generator().manual_seed(0))
