"""What one process does with a task: read, separate together, write; a file that fails harms no other."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from bssdemo.folders import marks
from bssdemo.folders.found import Entry
from bssdemo.machine import precision
from bssdemo.machine.tasks import interrupted
from bssdemo.machine.threads import use_own_cores
from bssdemo.search.long import at_once
from bssdemo.separation import METHODS, Job, Networks, Request, Result, files, prepare, read, stretches
from bssdemo.separation.fingerprint import of_all
from bssdemo.separation.result import SCHEMA
from bssdemo.separation.together import together

State = Literal["done", "finished before", "failed", "stopped"]


@dataclass(frozen=True)
class Asked:
    """What is to become of every file of a folder; small, so that it can travel with every task."""

    request: Request
    out: Path
    checkpoints: Path | None = None
    most_seconds: int = 60


@dataclass(frozen=True)
class Task:
    """Some files for one process. `key` tells settings and networks; `precision` is what the asker computes in."""

    asked: Asked
    entries: tuple[Entry, ...]
    key: str
    precision: str


@dataclass(frozen=True)
class Outcome:
    """What became of one file. `audio` and `work` in seconds; `told` in plain words: notes, or why it failed."""

    entry: Entry
    state: State
    audio: float = 0.0
    work: float = 0.0
    told: str = ""


def networks(asked: Asked) -> Networks:
    """What the method works with, loaded once a process. Raises ValueError with a sentence."""
    return _networks(asked.request.method, asked.request.sources, asked.checkpoints)


@lru_cache(maxsize=4)
def _networks(method: str, sources: tuple[str, ...], checkpoints: Path | None) -> Networks:
    load = METHODS[method].load
    return Networks() if load is None else load(sources, checkpoints)


def key(asked: Asked) -> str:
    """A digest of everything but the recording that decides a result."""
    request = json.dumps(asdict(asked.request), sort_keys=True)
    told = [
        str(SCHEMA),
        request,
        str(asked.most_seconds),
        str(precision.for_search()),
        of_all(networks(asked)),
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def do(task: Task) -> list[Outcome]:
    """The result of every file of a task, written; what was finished before is left as it is."""
    precision.agree(task.precision)
    use_own_cores()
    outcomes: list[Outcome] = []
    jobs: list[tuple[Entry, Job]] = []
    began = time.perf_counter()
    for entry in task.entries:
        if interrupted():
            outcomes.append(Outcome(entry, "stopped"))
            continue
        if stretches.needed(entry.file, task.asked.request.method, task.asked.most_seconds):
            outcomes.append(_long(task, entry))
            continue
        job = _prepared(task, entry)
        if isinstance(job, Outcome):
            outcomes.append(job)
            continue
        jobs.append((entry, job))
        windows = sum(len(one.heard.windows.starts) for _, one in jobs)
        if not job.searches or windows >= at_once(len(job.names), job.setup.config):
            outcomes += _separated(task, jobs, began)
            jobs, began = [], time.perf_counter()
    return [*outcomes, *_separated(task, jobs, began)]


def _prepared(task: Task, entry: Entry) -> Job | Outcome:
    """A job for a file, or why there is none."""
    asked, folder = task.asked, task.asked.out / entry.place
    try:
        before = marks.finished(folder, entry.file, task.key)
        if before is not None:
            return Outcome(entry, "finished before", before)
        job = prepare(read(entry.file, asked.most_seconds), asked.request, networks(asked))
        files.refuse_to_overwrite(entry.file, job, folder)
    except (ValueError, OSError) as error:
        return _failed(entry, error)
    return job


def _separated(task: Task, jobs: Sequence[tuple[Entry, Job]], began: float) -> Iterator[Outcome]:
    """The outcome of every job; `began`: when reading them began."""
    left = {id(job): entry for entry, job in jobs}
    try:
        for job, result in together([job for _, job in jobs], stop=interrupted):
            ended = time.perf_counter()
            yield _written(task, left.pop(id(job)), result, ended - began)
            began = ended
    except (ValueError, OSError, RuntimeError) as error:
        if len(left) > 1:  # one of them cannot be separated: each by itself, so that the others can
            for entry, job in jobs:
                if id(job) in left:
                    yield from _separated(task, [(entry, job)], time.perf_counter())
        else:
            yield from (_failed(entry, error) for entry in left.values())
        return
    yield from (Outcome(entry, "stopped") for entry in left.values())


def _written(task: Task, entry: Entry, result: Result, work: float) -> Outcome:
    folder, seconds = task.asked.out / entry.place, round(result.job.heard.seconds, 3)
    try:
        marks.begin(folder)
        written = files.write(result, folder)
        marks.finish(folder, entry.file, task.key, seconds, written.all)
    except OSError as error:
        return _failed(entry, error)
    return Outcome(entry, "done", seconds, work, " ".join(result.notes))


def _long(task: Task, entry: Entry) -> Outcome:
    """What became of a recording that is separated stretch by stretch."""
    asked, folder, began = task.asked, task.asked.out / entry.place, time.perf_counter()
    try:
        before = marks.finished(folder, entry.file, task.key)
        if before is not None:
            return Outcome(entry, "finished before", before)
        marks.begin(folder)
        *_, progress = stretches.separate(
            entry.file, asked.request, networks(asked), folder, asked.most_seconds, interrupted
        )
        if progress.ending != "done" or progress.written is None:
            return Outcome(entry, "stopped")
        seconds = round(progress.seconds, 3)
        marks.finish(folder, entry.file, task.key, seconds, progress.written.all)
    except (ValueError, OSError, RuntimeError) as error:
        return _failed(entry, error)
    return Outcome(entry, "done", seconds, time.perf_counter() - began, " ".join(progress.notes))


def _failed(entry: Entry, error: Exception) -> Outcome:
    told = (
        f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
    )
    return Outcome(entry, "failed", told=" ".join(told.split()))
