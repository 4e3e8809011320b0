"""What a visitor asked for, checked, and the search it becomes. No Gradio here."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from bssdemo import audio
from bssdemo.search.objective import Weights
from bssdemo.search.pgd import PRESETS, SearchConfig, separate
from bssdemo.snapshot import Snapshot
from bssdemo.ui.live import Painter, paced
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf

MOST_SOURCES = 4
MOST_STEPS, MOST_STARTS = 2000, 8
LONGEST_RUN = 120.0  # seconds of search; the machine is shared


@dataclass(frozen=True)
class Job:
    """One separation, ready to run: the window at the search's level, and what to look for."""

    window: audio.Window
    mix: Float[Tensor, " samples"]  # window.audio * gain
    gain: float
    sources: tuple[str, ...]  # prior names, one per stem
    labels: tuple[str, ...]  # what the stems are called on the page
    preset: str
    config: SearchConfig


def order(
    file: str | Path | None, sources: Sequence[str], shelf: Shelf, preset: str = "balanced", **changes: Any
) -> Job:
    """Check a request and read its file; `changes` are those of `configure`.

    Raises ValueError (AudioError among them) with a sentence for the visitor.
    """
    if not file:
        raise ValueError("Choose a mixture first: upload a file, record one, or press an example.")
    if not sources:
        raise ValueError("Tick at least one source: the search needs to know what to look for.")
    if len(sources) > MOST_SOURCES:
        raise ValueError(f"At most {MOST_SOURCES} sources at once, please: {len(sources)} are chosen.")
    missing = sorted(set(sources) - set(shelf.priors))
    if missing:
        known = ", ".join(shelf.priors) or "none"
        raise ValueError(f"There is no source called {', '.join(missing)}. Available: {known}.")
    config = configure(preset, **changes)
    window = audio.first_window(audio.to_mono_16k(audio.read(file)))
    mix, gain = audio.to_search_level(window.audio, len(sources))
    labels = _numbered([shelf.label(name) for name in sources])
    return Job(window, mix, gain, tuple(sources), labels, preset, config)


def configure(
    preset: str,
    weights: Weights | None = None,
    steps: int | float | None = None,
    learning_rate: int | float | None = None,
    starts: int | float | None = None,
) -> SearchConfig:
    """A preset's settings with those changed that are given; ValueError with a sentence for the visitor."""
    if preset not in PRESETS:
        raise ValueError(f"There is no preset called {preset}. Available: {', '.join(PRESETS)}.")
    config = PRESETS[preset]
    steps = config.steps if steps is None else steps
    starts = config.starts if starts is None else starts
    rate = config.learning_rate if learning_rate is None else learning_rate
    if not 1 <= steps <= MOST_STEPS:
        raise ValueError(f"The number of steps must lie between 1 and {MOST_STEPS}.")
    if not 1 <= starts <= MOST_STARTS:
        raise ValueError(f"The number of starts must lie between 1 and {MOST_STARTS}.")
    if not 0 < rate <= 1:
        raise ValueError("The learning rate must lie above 0 and be at most 1.")
    objective = config.objective if weights is None else replace(config.objective, weights=weights)
    return replace(
        config, objective=objective, steps=int(steps), learning_rate=float(rate), starts=int(starts)
    )


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Names made unique: piano, piano -> piano 1, piano 2."""
    totals, seen = Counter(names), Counter[str]()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(f"{name} {seen[name]}" if totals[name] > 1 else name)
    return tuple(unique)


def run(
    job: Job, shelf: Shelf, session: Session, longest: float = LONGEST_RUN
) -> Iterator[tuple[Snapshot, str | None]]:
    """The search's snapshots, with a board frame where one is due; ends early when asked or too long."""
    began = time.perf_counter()
    initial = job.config.objective.weights
    ended_early = False

    def weights() -> Weights:
        return session.weights or initial

    def stop() -> bool:
        nonlocal ended_early
        ended_early = session.stopped or time.perf_counter() - began > longest
        return ended_early

    priors = [shelf.priors[name] for name in job.sources]
    painter = Painter(job.mix, job.labels, job.config.objective)
    snapshots = separate(
        job.mix,
        [prior.generator for prior in priors],
        job.config,
        encoders=[prior.encoder for prior in priors],
        weights=weights,
        stop=stop,
    )
    yield from paced(snapshots, painter, weights, lambda: "stopped" if ended_early else "done")
