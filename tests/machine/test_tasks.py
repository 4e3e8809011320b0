"""Tasks on several processes: all are answered once, also when a process dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from bssdemo.machine.tasks import TRIES, Processes, here


def square(number: int) -> int:
    return number * number


def dies_at_first(task: tuple[Path, int]) -> int:
    """Number 3 kills its process the first time; every life of a task leaves a line."""
    folder, number = task
    with (folder / str(number)).open("a") as stream:
        stream.write("x")
    if number == 3 and (folder / "3").read_text() == "x":
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def always_dies(task: tuple[Path, int]) -> int:
    folder, number = task
    with (folder / str(number)).open("a") as stream:
        stream.write("x")
    if number == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_here_and_in_processes_every_task_has_its_answer() -> None:
    for place in (here, Processes(2)):
        assert sorted(place(square, range(7))) == [(n, n * n) for n in range(7)]  # type: ignore[operator]


def test_a_process_that_dies_loses_nothing(tmp_path: Path) -> None:
    tasks = [(tmp_path, number) for number in range(6)]
    answers = {number: answer for (_, number), answer in Processes(2)(dies_at_first, tasks)}
    assert answers == {number: number * number for number in range(6)}
    assert (tmp_path / "3").read_text() == "xx"


def test_a_task_that_always_kills_is_given_up_and_the_rest_goes_on(tmp_path: Path) -> None:
    tasks = [(tmp_path, number) for number in range(3)]
    answers = {number: answer for (_, number), answer in Processes(1)(always_dies, tasks)}
    assert answers == {0: None, 1: 1, 2: 2}
    assert (tmp_path / "0").read_text() == "x" * TRIES
