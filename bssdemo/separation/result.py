"""What a separation found: stems in the recording's own channels and rate, and a report of how they came about."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import soundfile
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo import audio
from bssdemo.audio import depth, rumble
from bssdemo.machine import memory
from bssdemo.search import refine
from bssdemo.search.objective import Weights
from bssdemo.separation.channels import Parts
from bssdemo.separation.presence import missing as absent
from bssdemo.separation.presence import tagged
from bssdemo.separation.request import Job
from bssdemo.snapshot import Snapshot

SCHEMA = 2  # of the report; raised when a key changes its meaning


@dataclass(frozen=True)
class Loss:
    """The objective after one step: the unweighted terms by name, and what is minimised."""

    step: int
    total: float
    terms: Mapping[str, float]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Loss:
        """The numbers of a single mixture's snapshot."""
        terms = {name: float(value) for name, value in snapshot.terms.items()}
        return cls(snapshot.step, float(snapshot.total), terms)


@dataclass(frozen=True, eq=False)
class Result:
    """A finished, or stopped, separation; everything at the recording's level.

    `raw` are the separator's own estimates, `refined` the mixture's own sound shared out as they say; with
    `residual` the refined ones add up to the mixture. Those three are mono at 16 kHz. `parts` are the refined
    stems and, last, the residual as the recording is: all its channels at its own rate; they add up to it.
    """

    job: Job
    raw: Float[Tensor, "K samples"]
    refined: Float[Tensor, "K samples"]
    residual: Float[Tensor, " samples"]
    parts: Parts
    first: Snapshot
    answer: Snapshot
    losses: tuple[Loss, ...]
    weights: Weights  # acting at the end
    ending: str  # done, stopped or time limit
    refining: float  # seconds that the sharing out took
    missing: tuple[str, ...] = ()  # a sentence for every source that no window holds

    @property
    def seconds(self) -> float:
        """From the first step to the refined stems."""
        return self.answer.elapsed + self.refining

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of it, in plain words."""
        return (*self.job.notes, *self.missing)

    @property
    def channels(self) -> Float[Tensor, "K_plus_1 channels native"]:
        """`parts` all at once: of a long recording at a high rate several GB."""
        return self.parts.whole

    @cached_property
    def scale(self) -> float:
        """One factor for everything that is written, with which nothing clips in 16 bits."""
        peaks = (audio.peak_of(signal) for signal in (self.job.heard.recording.samples, self.raw))
        return audio.scale_for(max(*peaks, self.parts.peak))


def conclude(
    job: Job, first: Snapshot, answer: Snapshot, losses: tuple[Loss, ...], weights: Weights, ending: str
) -> Result:
    """Share the recording out as the answer's estimates say."""
    began = time.perf_counter()
    heard, stft, config = job.heard, refine.DEFAULT.stft, job.setup.config
    known = tagged(heard, job.setup.networks.tags) if job.searches else None
    masks = job.sharing.masks(heard.mono, answer.estimates, heard.windows, known)
    parts = refine.apply(masks, heard.mono, stft)
    memory.trim()
    samples, rate = heard.recording.samples, heard.recording.sample_rate
    below = tuple(rumble.find(channel, rate) for channel in samples)
    channels = Parts(masks, stft, samples, rate, below, heard.unheard)
    missing: list[str] = []
    if job.searches:
        networks = job.setup.networks
        serving = networks.serving(job.setup.sources, config.objective.form)
        missing = absent(heard, serving, job.labels, networks.tags, known)
    return Result(
        job, answer.estimates, parts[:-1], parts[-1], channels, first, answer, losses, weights, ending,
        time.perf_counter() - began, tuple(missing),
    )  # fmt: skip


def report(result: Result, scale: float | None = None) -> dict[str, Any]:
    """Everything that made this result, ready for JSON; keys are those of docs/guide/files.md.

    `scale`: the factor that its files are written with, where it is not the result's own.
    """
    job, request, heard = result.job, result.job.request, result.job.heard
    rate, channels = heard.recording.sample_rate, heard.recording.samples.shape[0]
    first, answer = result.first, result.answer
    settings: dict[str, Any] = {"seed": request.seed, "refine": asdict(refine.DEFAULT)}
    if job.searches:
        settings |= {"preset": request.preset, "search": asdict(job.setup.config)}
        settings |= {"weights_at_end": asdict(result.weights)}
        settings |= {"sharing": "plain" if job.sharing.network is None else "network"}
    told = {
        "schema": SCHEMA,
        "method": request.method,
        "mixture": {
            "name": heard.name,
            "sample_rate": rate,
            "channels": channels,
            "seconds": round(heard.recording.seconds, 3),
            "window_seconds": audio.WINDOW_SECONDS,
            "window_starts_seconds": [round(at / audio.SAMPLE_RATE, 4) for at in heard.windows.starts],
        },
        "sources": [_source(result, k) for k in range(len(job.names))],
        "output": {
            "format": depth.SUBTYPE[heard.recording.bits],
            "scale": result.scale if scale is None else scale,
            "sample_rate": rate,
            "channels": channels,
        },
        "settings": settings,
        "terms": {name: _ends(first.terms[name], value) for name, value in answer.terms.items()},
        "total": _ends(first.total, answer.total),
        "steps": answer.steps,
        "steps_done": answer.step,
        "ending": result.ending,
        "seconds": {"separate": round(answer.elapsed, 3), "refine": round(result.refining, 3)},
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "libsndfile": soundfile.__libsndfile_version__,
        },
        "notes": list(result.notes),
    }
    if first.leash is not None and answer.leash is not None:
        told["leash"] = _ends(first.leash, answer.leash)
    return told


def _source(result: Result, k: int) -> dict[str, Any]:
    job = result.job
    told: dict[str, Any] = {"name": job.names[k], "label": job.labels[k], "file": f"{job.names[k]}.wav"}
    if job.searches:
        (prior,) = job.setup.networks.serving([job.setup.sources[k]], job.setup.config.objective.form)
        encoded = job.setup.config.hears and prior.encoder is not None
        told |= {"prior": prior.name, "origin": prior.origin, "where": prior.where, "encoder": encoded}
    if result.answer.gains is not None:
        told["gain"] = result.answer.gains[k].item()
    return told


def _ends(start: Tensor, end: Tensor) -> dict[str, float]:
    return {"start": float(start), "end": float(end)}
