"""Several recordings searched at once: the windows of all of them are one batch, each result is its recording's own.

A batch costs less than its windows one by one, up to what fits into memory. Methods without a batch run in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch

from bssdemo.search.long import at_once, separate_many
from bssdemo.search.pgd import SearchConfig
from bssdemo.separation.request import Job
from bssdemo.separation.result import Loss, Result, conclude
from bssdemo.separation.run import Run
from bssdemo.snapshot import Snapshot


def together(jobs: Sequence[Job], stop: Callable[[], bool] | None = None) -> Iterator[tuple[Job, Result]]:
    """The result of every job, as soon as it is there. `stop` is asked before every step; nothing follows a stop.

    Jobs share request and networks; their recordings differ. The results are those of one `Run` each, up to rounding.
    """
    for batch in batches(jobs):
        if stop is not None and stop():
            return
        for job, result in _alone(batch[0], stop) if len(batch) == 1 else _at_once(batch, stop):
            if result.ending == "done":
                yield job, result


def batches(jobs: Sequence[Job]) -> list[list[Job]]:
    """Jobs that are searched with the same settings and fit into one batch, in their order."""
    groups: dict[tuple[bool, SearchConfig], list[list[Job]]] = {}
    for job in jobs:
        config, windows = job.setup.config, len(job.heard.windows.starts)
        most = at_once(len(job.names), config) if job.searches else 1
        members = groups.setdefault((job.searches, config), [[]])
        held = sum(len(other.heard.windows.starts) for other in members[-1])
        if members[-1] and held + windows > most:
            members.append([])
        members[-1].append(job)
    return [batch for members in groups.values() for batch in members]


def _alone(job: Job, stop: Callable[[], bool] | None) -> Iterator[tuple[Job, Result]]:
    run = Run(job, stop=stop)
    for _ in run:
        pass
    yield job, run.result()


def _at_once(jobs: Sequence[Job], stop: Callable[[], bool] | None) -> Iterator[tuple[Job, Result]]:
    setup = jobs[0].setup
    priors = setup.networks.serving(setup.sources, setup.config.objective.form)
    first: tuple[Snapshot, ...] = ()
    losses: list[list[Loss]] = [[] for _ in jobs]
    for states in separate_many(
        [job.heard.mono for job in jobs],
        [one.generator for one in priors],
        setup.config,
        encoders=[one.encoder for one in priors],
        generator=torch.Generator().manual_seed(setup.seed),
        stop=stop,
        layouts=[job.heard.windows for job in jobs],
    ):
        first = first or states
        for told, state in zip(losses, states, strict=True):
            told.append(Loss.of(state))
    ending = "done" if states[0].step >= states[0].steps else "stopped"
    weights = setup.config.objective.weights
    for job, begun, answer, told in zip(jobs, first, states, losses, strict=True):
        yield job, conclude(job, begun, answer, tuple(told), weights, ending)
