"""From a run's snapshots to board frames, at a pace that leaves the machine to the search."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio import SAMPLE_RATE, mel
from bssdemo.audio.windows import Layout
from bssdemo.search.objective import TERMS, Form, Weights
from bssdemo.separation import Heard, Result, Run
from bssdemo.snapshot import Snapshot
from bssdemo.ui.board import spectrogram, term_shares
from bssdemo.ui.board.frame import Frame, chosen
from bssdemo.ui.session import Kind

T = TypeVar("T")
# snapshots, what draws one, what asks for the last one's status -> every snapshot and, where due, its frame
Pace = Callable[
    [Iterable[Snapshot], Callable[[Snapshot, str], Frame], Callable[[], str]],
    Iterator[tuple[Snapshot, Frame | None]],
]

POINTS = 64  # most points of a curve; when full, every second one is dropped
FRAME_INTERVAL = 1 / 8  # seconds; a faster board is not easier to follow
DRAWING_SHARE = 0.035  # a frame of c seconds of work is followed by c / share seconds of search ...
LONGEST_INTERVAL = 1.0  # ... but on a busy machine the board still moves


def weight_values(weights: Weights) -> tuple[float, ...]:
    """beta1..beta4 in the order of the terms."""
    return tuple(float(getattr(weights, term)) for term in TERMS)


@dataclass
class Painter:
    """Draws the frames of one run: remembers the curves, and what never changes in the run.

    `form`: of the search's objective, whose terms get curves; None for methods that have no such terms.
    `windows`: of the recording, if they are laid out already.
    """

    mono: Float[Tensor, " samples"]  # the whole recording at 16 kHz
    names: tuple[str, ...]
    form: Form | None
    windows: Layout | None = None
    _steps: list[int] = field(default_factory=list, init=False)
    _curves: list[np.ndarray] = field(default_factory=list, init=False)
    _total: list[float] = field(default_factory=list, init=False)
    _marks: list[int] = field(default_factory=list, init=False)
    _weights: Weights | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._measured = self.form and term_shares.place(self.mono, len(self.names), self.form, self.windows)
        self._reference = mel.reference(self.mono)
        self._mix_levels = spectrogram.levels(self.mono[None], self._reference)

    def frame(self, snapshot: Snapshot, weights: Weights, status: str) -> Frame:
        """One frame; the snapshot is of the whole recording (estimates (K, N))."""
        frame = Frame(
            status=status,
            step=snapshot.step,
            steps=snapshot.steps,
            seconds=snapshot.elapsed,
            duration=len(self.mono) / SAMPLE_RATE,
            names=self.names,
            weights=(),
            spectrograms=self._pictures(snapshot.estimates),
            curve_steps=np.zeros(0, np.int64),
            curves=np.zeros((len(self.names), 0, 0)),
            total=np.zeros(0),
        )
        if self._measured is None:
            return frame
        values = weight_values(weights)
        self._remember(snapshot, weights, self._measured)
        return replace(
            frame,
            weights=values,
            curve_steps=np.asarray(self._steps, np.int64),
            curves=np.stack(self._curves, axis=-1),
            total=np.asarray(self._total),
            marks=tuple(self._marks),
        )

    def last(self, frame: Frame, result: Result) -> dict[Kind, Frame]:
        """A run's last frame with the residual in it, once for either kind of stem."""
        rest = spectrogram.levels(result.residual[None], self._reference)
        shown: dict[Kind, Float[Tensor, "K samples"]] = {"refined": result.refined, "raw": result.raw}
        return {
            kind: replace(
                frame,
                spectrograms=np.concatenate([self._pictures(stems), rest]),
                stems=kind,
                residual=True,
            )
            for kind, stems in shown.items()
        }

    def _pictures(self, stems: Float[Tensor, "K samples"]) -> np.ndarray:
        return np.concatenate([self._mix_levels, spectrogram.with_sum(stems, self._reference)])

    def _remember(self, snapshot: Snapshot, weights: Weights, measured: term_shares.Measured) -> None:
        if self._weights is not None and weights != self._weights:
            self._marks.append(snapshot.step)
        self._weights = weights
        if self._steps and snapshot.step <= self._steps[-1]:
            return  # the answer may be an earlier, better iterate: the curves end where the search did
        self._curves.append(measured.shares(snapshot.estimates))
        self._total.append(float(snapshot.total))
        self._steps.append(snapshot.step)
        if len(self._steps) > POINTS:
            for line in (self._steps, self._curves, self._total):
                del line[1::2]


def waiting(heard: Heard) -> Frame:
    """A recording's own spectrogram, before its search."""
    levels = spectrogram.levels(heard.mono[None], mel.reference(heard.mono))
    return chosen(levels, heard.seconds)


def painter(run: Run) -> Painter:
    """The painter of a run: the search's terms get curves, other methods have none."""
    job = run.job
    form = job.setup.config.objective.form if job.searches else None
    return Painter(job.heard.mono, job.labels, form, job.heard.windows)


def watched(run: Run, painter: Painter, pace: Pace | None = None) -> Iterator[tuple[Snapshot, Frame | None]]:
    """The snapshots of a run, with a frame where one is due (`paced`, unless told otherwise)."""
    return (pace or paced)(
        run, lambda snapshot, status: painter.frame(snapshot, run.weights, status), lambda: run.ending
    )


def paced(
    snapshots: Iterable[Snapshot],
    draw: Callable[[Snapshot, str], T],
    final_status: Callable[[], str],
    share: float | None = None,
) -> Iterator[tuple[Snapshot, T | None]]:
    """Every snapshot, with what `draw` makes of the first, the last, and those that are due in between.

    Drawing may take this `share` of the search's time, DRAWING_SHARE unless told otherwise.

    `draw` is given a snapshot and a status; `final_status` is asked once, for the last snapshot. What searching and
    drawing cost is measured in CPU time within one `next()`, since the next one may come on another thread.
    """
    shown, searched, cost = -LONGEST_INTERVAL, 0.0, 0.0
    coming = iter(snapshots)
    while True:
        began = time.thread_time()
        snapshot = next(coming, None)
        searched += time.thread_time() - began
        if snapshot is None:
            return
        waited = time.perf_counter() - shown
        due = waited >= FRAME_INTERVAL and searched >= cost / (share or DRAWING_SHARE)
        if not (due or snapshot.done or waited >= LONGEST_INTERVAL):
            yield snapshot, None
            continue
        shown, began = time.perf_counter(), time.thread_time()
        drawn = draw(snapshot, _status(snapshot, final_status))
        cost, searched = time.thread_time() - began, 0.0
        yield snapshot, drawn


def unhurried(
    snapshots: Iterable[Snapshot], draw: Callable[[Snapshot, str], T], final_status: Callable[[], str]
) -> Iterator[tuple[Snapshot, T | None]]:
    """As `paced`, as often as a picture can be followed: for a run that is slowed to be watched."""
    return paced(snapshots, draw, final_status, share=float("inf"))


def every_fourth(
    snapshots: Iterable[Snapshot], draw: Callable[[Snapshot, str], T], final_status: Callable[[], str]
) -> Iterator[tuple[Snapshot, T | None]]:
    """As `paced`, with a frame for every fourth step however fast the machine is: for recordings."""
    for snapshot in snapshots:
        shown = snapshot.done or snapshot.step % 4 == 0
        yield snapshot, draw(snapshot, _status(snapshot, final_status)) if shown else None


def _status(snapshot: Snapshot, final: Callable[[], str]) -> str:
    if not snapshot.done:
        return "searching"
    return (
        "done" if snapshot.step >= snapshot.steps else final()
    )  # stopped after the last step: nothing is missing
