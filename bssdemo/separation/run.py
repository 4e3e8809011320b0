"""From a job to snapshots: `snapshots` starts every separation there is, `Run` is one person's.

The page, the endpoints, the command and the benchmark all pass through `snapshots`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from bssdemo.machine import device, memory
from bssdemo.search.objective import Weights
from bssdemo.separation import lent
from bssdemo.separation.methods import METHODS, SEARCH, Controls, Setup
from bssdemo.separation.request import Job
from bssdemo.separation.result import Loss, Result, conclude
from bssdemo.snapshot import Snapshot

Ending = Literal["done", "stopped", "time limit"]


def snapshots(
    mix: Float[Tensor, "*batch samples"], method: str, setup: Setup, controls: Controls | None = None
) -> Iterator[Snapshot]:
    """The states of one separation by the method of this name; the last one, `done`, holds the answer.

    `mix`: mono at 16 kHz, one recording of any length or a batch of windows of 16,384 samples.
    """
    separate = lent.snapshots if method == SEARCH and device.lends() else METHODS[method].separate
    return separate(mix, setup, controls or Controls())


class Run:
    """One separation under way: iterate over it for its snapshots, then ask for its result.

    `weights()` is asked before every step (None: the job's own stay), `stop()` too; after `longest` seconds of search
    the run ends by itself. What was found until then is the result.
    """

    def __init__(
        self,
        job: Job,
        weights: Callable[[], Weights | None] | None = None,
        stop: Callable[[], bool] | None = None,
        longest: float | None = None,
    ) -> None:
        self.job, self.longest = job, longest
        self.ending: Ending = "done"
        self._asked_weights, self._asked_stop = weights, stop
        self._losses: list[Loss] = []
        self._first: Snapshot | None = None
        self._last: Snapshot | None = None

    @property
    def weights(self) -> Weights:
        """Those that act now."""
        asked = None if self._asked_weights is None else self._asked_weights()
        return asked or self.job.setup.config.objective.weights

    def __iter__(self) -> Iterator[Snapshot]:
        def stop() -> bool:
            if self._asked_stop is not None and self._asked_stop():
                self.ending = "stopped"
            elif self.longest is not None and self._last is not None and self._last.elapsed > self.longest:
                self.ending = "time limit"
            return self.ending != "done"

        controls = Controls(lambda: self.weights, stop)
        for snapshot in snapshots(self.job.heard.mono, self.job.request.method, self.job.setup, controls):
            self._first = self._first or snapshot
            self._last = snapshot
            self._losses.append(Loss.of(snapshot))
            yield snapshot

    def result(self) -> Result:
        """The stems of the last snapshot, shared out. Raises RuntimeError before there is one."""
        if self._first is None or self._last is None:
            raise RuntimeError("iterate over a run before asking for its result")
        if self._last.step >= self._last.steps:
            self.ending = "done"  # asked to stop after the last step: nothing is missing
        memory.trim()  # what the search leaves free, before the recording is worked on at its own rate
        return conclude(self.job, self._first, self._last, tuple(self._losses), self.weights, self.ending)
