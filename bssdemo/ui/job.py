"""What a visitor asked for, checked, and the search it becomes. No Gradio here."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor

from bssdemo import audio
from bssdemo.models.wavegan import SAMPLES
from bssdemo.offline import MOST_SECONDS
from bssdemo.search.long import for_length, separate_long
from bssdemo.search.objective import Weights
from bssdemo.search.pgd import PRESETS, SearchConfig
from bssdemo.snapshot import Snapshot
from bssdemo.ui.live import Pace, Painter, paced
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf
from bssdemo.windows import lay_out

MOST_SOURCES = 4
MOST_STEPS, MOST_STARTS = 2000, 8
STARTS: dict[str, Literal["zeros", "encoder"]] = {"zeros": "zeros", "encoder": "encoder"}
LONGEST_RUN = 120.0  # seconds of search, the machine is shared ...
LONGEST_RUN_PER_SECOND = 10.0  # ... and so many more for every second of recording


@dataclass(frozen=True)
class Job:
    """One separation, ready to run: the recording, and what to look for."""

    recording: audio.Recording  # as it was read: all channels, its own sample rate
    mono: Float[Tensor, " samples"]  # what is searched: one channel at 16 kHz
    windows: int  # of 1.024 s, in which it is searched
    sources: tuple[str, ...]  # prior names, one per stem
    labels: tuple[str, ...]  # what the stems are called on the page
    preset: str
    config: SearchConfig  # with what the recording's length allows
    notes: tuple[str, ...] = ()  # in plain words: what was not read, and which settings its length changed

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return len(self.mono) / audio.SAMPLE_RATE

    @property
    def longest(self) -> float:
        """Seconds after which the search is ended."""
        return longest_run(self.seconds)


def longest_run(seconds: float) -> float:
    """How many seconds a run on so many seconds of recording may take."""
    return LONGEST_RUN + LONGEST_RUN_PER_SECOND * seconds


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
    asked = configure(preset, **changes)
    recording = audio.read(file, MOST_SECONDS)
    mono = audio.to_mono_16k(recording)
    config = for_length(asked, len(mono))
    labels = _numbered([shelf.label(name) for name in sources])
    told = (recording.note, _shortened(asked, config), _without_encoder(config, sources, shelf))
    notes = tuple(text for text in told if text)
    windows = len(lay_out(mono, SAMPLES).starts)
    return Job(recording, mono, windows, tuple(sources), labels, preset, config, notes)


def _shortened(asked: SearchConfig, config: SearchConfig) -> str | None:
    """What a long recording is searched with, where that is not what was asked for."""
    steps = None if config.steps == asked.steps else f"in {config.steps} steps"
    starts = None if config.starts == asked.starts else "from one start"
    changes = " ".join(filter(None, (steps, starts)))
    return f"A recording of this length is searched {changes}." if changes else None


def _without_encoder(config: SearchConfig, sources: Sequence[str], shelf: Shelf) -> str | None:
    """Which sources begin at z = 0 although the visitor asked for the encoder."""
    lacking = [shelf.label(name) for name in dict.fromkeys(sources) if shelf.priors[name].encoder is None]
    if config.start == "zeros" or not lacking:
        return None
    return f"There is no encoder for {', '.join(lacking)} yet: the search begins at z = 0 there."


def configure(
    preset: str,
    weights: Weights | None = None,
    steps: int | float | None = None,
    learning_rate: int | float | None = None,
    starts: int | float | None = None,
    start: str | None = None,
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
    start = config.start if start is None else start
    if start not in STARTS:
        raise ValueError(f"There is no start called {start}. Available: {', '.join(STARTS)}.")
    objective = config.objective if weights is None else replace(config.objective, weights=weights)
    return replace(
        config,
        objective=objective,
        steps=int(steps),
        learning_rate=float(rate),
        starts=int(starts),
        start=STARTS[start],
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
    job: Job, shelf: Shelf, session: Session, longest: float | None = None, pace: Pace = paced
) -> Iterator[tuple[Snapshot, str | None]]:
    """The search's snapshots of the whole recording, with a board frame where `pace` says that one is due.

    Ends early when asked, or after `longest` seconds (the job's own if not given).
    """
    began = time.perf_counter()
    limit = job.longest if longest is None else longest
    initial = job.config.objective.weights
    ended_early = False

    def weights() -> Weights:
        return session.weights or initial

    def stop() -> bool:
        nonlocal ended_early
        ended_early = session.stopped or time.perf_counter() - began > limit
        return ended_early

    priors = [shelf.priors[name] for name in job.sources]
    painter = Painter(job.mono, job.labels, job.config.objective.form)
    snapshots = separate_long(
        job.mono,
        [prior.generator for prior in priors],
        job.config,
        encoders=[prior.encoder for prior in priors],
        weights=weights,
        stop=stop,
    )
    yield from pace(
        snapshots,
        lambda snapshot, status: painter.frame(snapshot, weights(), status),
        lambda: "stopped" if ended_early else "done",
    )
