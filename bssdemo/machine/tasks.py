"""Many small tasks on several processes: here, or in a pool on this machine. `machine.cluster` has a third place.

A place takes a function and its tasks and gives back each task with its answer, in the order in which they end.
The answer None means that the process died several times with this task: the rest goes on.
"""

from __future__ import annotations

import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Protocol, TypeVar, runtime_checkable

TRIES = 3  # of a task whose process died: it may have died of a neighbour's

Task = TypeVar("Task")
Answer = TypeVar("Answer")


@runtime_checkable
class Place(Protocol):
    """Where tasks run."""

    def __call__(
        self, do: Callable[[Task], Answer], tasks: Sequence[Task]
    ) -> Iterator[tuple[Task, Answer | None]]:
        """Every task with its answer."""


def here(do: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[tuple[Task, Answer | None]]:
    """In this process, one after the other."""
    for task in tasks:
        yield task, do(task)


class Processes:
    """A pool of `jobs` processes, each with `threads` threads of torch; a process that dies is replaced."""

    def __init__(self, jobs: int, threads: int = 1) -> None:
        self.jobs, self.threads = jobs, threads

    def __call__(
        self, do: Callable[[Task], Answer], tasks: Sequence[Task]
    ) -> Iterator[tuple[Task, Answer | None]]:
        """Every task with its answer."""
        waiting, lives = deque(range(len(tasks))), Counter[int]()
        while waiting:
            with self._pool() as pool:
                flying: dict[Future[Answer], int] = {}
                try:
                    while waiting or flying:
                        while waiting and len(flying) < self.jobs:
                            number = waiting.popleft()
                            flying[pool.submit(do, tasks[number])] = number
                        for future in wait(flying, return_when=FIRST_COMPLETED).done:
                            answer = future.result()
                            yield tasks[flying.pop(future)], answer
                except BrokenProcessPool:  # whichever task it was, all in the air are lost
                    lost = sorted(flying.values())
                finally:
                    pool.shutdown(wait=False, cancel_futures=True)
            if not flying:
                return
            lives.update(lost)
            for number in lost:
                if lives[number] >= TRIES:
                    yield tasks[number], None
            waiting.extendleft(number for number in reversed(lost) if lives[number] < TRIES)

    def _pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self.jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(self.threads,)
        )


def _begin(threads: int) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)
    signal.signal(signal.SIGINT, _interrupted)


_SIGNALS: list[int] = []  # of this process: a Ctrl-C reaches every process of a terminal's group


def _interrupted(number: int, frame: object) -> None:
    _SIGNALS.append(number)


def interrupted() -> bool:
    """Whether this process was told to stop; a task that can, ends early."""
    return bool(_SIGNALS)
