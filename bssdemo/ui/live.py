"""From a search's snapshots to board frames, at a pace that leaves the machine to the search."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio import SAMPLE_RATE
from bssdemo.search.objective import TERMS, Form, Weights
from bssdemo.snapshot import Snapshot
from bssdemo.ui import picture, probe
from bssdemo.ui.frame import Frame, encode

POINTS = 64  # most points of a curve; when full, every second one is dropped
FRAME_INTERVAL = 1 / 8  # seconds; a faster board is not easier to follow
DRAWING_SHARE = 0.035  # a frame of c seconds of work is followed by c / share seconds of search ...
LONGEST_INTERVAL = 1.0  # ... but on a busy machine the board still moves


# snapshots, what draws one, what asks for the last one's status -> every snapshot and, where due, its frame
Pace = Callable[
    [Iterable[Snapshot], Callable[[Snapshot, str], str], Callable[[], str]],
    Iterator[tuple[Snapshot, str | None]],
]


def weight_values(weights: Weights) -> tuple[float, ...]:
    """beta1..beta4 in the order of the terms."""
    return tuple(float(getattr(weights, term)) for term in TERMS)


@dataclass
class Painter:
    """Draws the frames of one run: remembers the curves, and what never changes in the run."""

    mono: Float[Tensor, " samples"]  # the whole recording at 16 kHz
    names: tuple[str, ...]
    form: Form
    _steps: list[int] = field(default_factory=list, init=False)
    _curves: list[np.ndarray] = field(default_factory=list, init=False)
    _total: list[float] = field(default_factory=list, init=False)
    _marks: list[int] = field(default_factory=list, init=False)
    _weights: tuple[float, ...] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._probe = probe.place(self.mono, len(self.names), self.form)
        self._reference = picture.reference(self.mono)
        self._mix_levels = picture.levels(self.mono[None], self._reference)

    def frame(self, snapshot: Snapshot, weights: Weights, status: str) -> str:
        """One encoded frame; the snapshot is of the whole recording (estimates (K, N))."""
        self._remember(snapshot, weight_values(weights))
        return encode(
            Frame(
                status=status,
                step=snapshot.step,
                steps=snapshot.steps,
                seconds=snapshot.elapsed,
                duration=len(self.mono) / SAMPLE_RATE,
                names=self.names,
                weights=weight_values(weights),
                spectrograms=np.concatenate(
                    [self._mix_levels, picture.with_sum(snapshot.estimates, self._reference)]
                ),
                curve_steps=np.asarray(self._steps, np.int64),
                curves=np.stack(self._curves, axis=-1),
                total=np.asarray(self._total),
                marks=tuple(self._marks),
            )
        )

    def _remember(self, snapshot: Snapshot, weights: tuple[float, ...]) -> None:
        if self._weights is not None and weights != self._weights:
            self._marks.append(snapshot.step)
        self._weights = weights
        if self._steps and snapshot.step <= self._steps[-1]:
            return  # the answer may be an earlier, better iterate: the curves end where the search did
        self._curves.append(self._probe.shares(snapshot.estimates))
        self._total.append(float(snapshot.total))
        self._steps.append(snapshot.step)
        if len(self._steps) > POINTS:
            for line in (self._steps, self._curves, self._total):
                del line[1::2]


def paced(
    snapshots: Iterable[Snapshot],
    draw: Callable[[Snapshot, str], str],
    final_status: Callable[[], str],
) -> Iterator[tuple[Snapshot, str | None]]:
    """Every snapshot, with a frame for the first, the last, and those that are due in between.

    `draw` makes the frame of a snapshot and a status; `final_status` is asked once, for the last frame.
    """
    shown, worked, cost = -LONGEST_INTERVAL, 0.0, 0.0
    for snapshot in snapshots:
        waited, searched = time.perf_counter() - shown, time.thread_time() - worked
        due = waited >= FRAME_INTERVAL and searched >= cost / DRAWING_SHARE
        if not (due or snapshot.done or waited >= LONGEST_INTERVAL):
            yield snapshot, None
            continue
        shown, began = time.perf_counter(), time.thread_time()
        text = draw(snapshot, final_status() if snapshot.done else "searching")
        worked = time.thread_time()
        cost = worked - began
        yield snapshot, text


def thinned(
    snapshots: Iterable[Snapshot], draw: Callable[[Snapshot, str], str], final_status: Callable[[], str]
) -> Iterator[tuple[Snapshot, str | None]]:
    """As `paced`, with a frame for every fourth step however fast the machine is: for recordings."""
    for snapshot in snapshots:
        shown = snapshot.done or snapshot.step % 4 == 0
        status = final_status() if snapshot.done else "searching"
        yield snapshot, draw(snapshot, status) if shown else None
