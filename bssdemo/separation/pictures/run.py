"""From a job to snapshots: `snapshots` starts every separation of pictures there is, `PictureRun` is one person's."""

from __future__ import annotations

import time
from collections.abc import Iterator

from jaxtyping import Float
from torch import Tensor

from bssdemo.separation.pictures.methods import METHODS, PictureSetup, Stop
from bssdemo.separation.pictures.request import PictureJob
from bssdemo.separation.pictures.result import Ending, PictureResult, conclude
from bssdemo.snapshot import PictureSnapshot


def snapshots(
    mixtures: Float[Tensor, "n channels size size"],
    method: str,
    setup: PictureSetup,
    stop: Stop | None = None,
) -> Iterator[PictureSnapshot]:
    """The states of one separation by the method of this name; the last one, `done`, holds the answer."""
    return METHODS[method].separate(mixtures, setup, stop)


class PictureRun:
    """One separation under way: iterate over it for its snapshots; its result may be asked for after any of them.

    `stop()` is asked before every step; after `longest` seconds the run ends by itself. `beside` is another
    result on the same mixture, whose names and order the sources of a method without names take.
    """

    def __init__(
        self,
        job: PictureJob,
        stop: Stop | None = None,
        longest: float | None = None,
        beside: PictureResult | None = None,
    ) -> None:
        self.job, self.longest, self.beside = job, longest, beside
        self._asked_stop = stop
        self._ending: Ending = "done"
        self._curve: list[float] = []
        self._last: PictureSnapshot | None = None

    def __iter__(self) -> Iterator[PictureSnapshot]:
        began = time.perf_counter()

        def stop() -> bool:
            if self._asked_stop is not None and self._asked_stop():
                self._ending = "stopped"
            elif self.longest is not None and time.perf_counter() - began > self.longest:
                self._ending = "time limit"
            return self._ending != "done"

        mixture = self.job.mixture.values[None]
        for snapshot in snapshots(mixture, self.job.request.method, self.job.setup, stop):
            self._last = snapshot
            self._curve.append(float(snapshot.total[0]))
            yield snapshot

    def result(self) -> PictureResult:
        """What there is by now. Raises RuntimeError before the first snapshot."""
        if self._last is None:
            raise RuntimeError("iterate over a run before asking for its result")
        ending: Ending = self._ending if self._last.done else "searching"
        return conclude(self.job, self._last, tuple(self._curve), ending, self.beside)


def separate(job: PictureJob) -> PictureResult:
    """The result of a run that nobody watches."""
    run = PictureRun(job)
    for _ in run:
        pass
    return run.result()
