"""A real scheduler and two real workers over loopback: the same bytes, the same digits, and one of them killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bssdemo.bench import audio
from bssdemo.bench.methods import Setting
from bssdemo.commands import main
from bssdemo.folders import marks
from bssdemo.folders.work import Asked, Outcome
from bssdemo.machine.cluster import dask
from bssdemo.machine.tasks import Place
from tests.folders.conftest import sounds

pytest.importorskip("distributed")
Outcomes = Callable[..., dict[str, Outcome]]
GOOD = {"a", "b", "sub/a", "sub/deep/c"}


class Cluster:
    """A scheduler and its workers, processes of their own, started as a lab starts them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", file
        )
        until = time.monotonic() + 120
        while not file.is_file() or not file.read_text():
            assert time.monotonic() < until
            time.sleep(0.05)
        self.address = json.loads(file.read_text())["address"]
        self.workers = [self._worker(name) for name in ("one", "two")]

    def _start(self, *words: object) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + str(words[0]), *map(str, words[1:])],
            stdout=log, stderr=log, env=os.environ | {"PYTHONPATH": os.getcwd(), "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        self.processes.append(process)
        return process

    def _worker(self, name: str) -> subprocess.Popen[bytes]:
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", name)
        return self._start(
            "worker", self.address, *options, "--host", "127.0.0.1", "--local-directory", self.folder
        )

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    started = Cluster(tmp_path_factory.mktemp("dask"))
    yield started
    started.close()


@pytest.fixture
def spread(cluster: Cluster) -> Iterator[Place]:
    import distributed

    with distributed.Client(cluster.address) as client:
        client.wait_for_workers(2, timeout=120)
    with dask(cluster.address, 2) as place:
        yield place


def test_two_workers_write_the_same_bytes_and_score_the_same_digits(
    spread: Place, outcomes: Outcomes, asked: Asked, tones: Path, tiny_checkpoints: Path, tmp_path: Path
) -> None:
    outcomes()
    told = outcomes(spread, replace(asked, out=tmp_path / "spread"))
    assert {place for place, one in told.items() if one.state == "done"} == GOOD
    assert sounds(tmp_path / "spread") == sounds(asked.out)

    setting = Setting(("digit", "piano"), steps=2, start="random", checkpoints=tiny_checkpoints)
    wanted = audio.Asked(setting, tones, ("raw", "refined", "mixture", "nmf"), mixtures=5, batch=2)
    alone, there = audio.run(wanted), audio.run(wanted, place=spread)
    assert [replace(one, seconds=0.0) for one in there.records] == [
        replace(one, seconds=0.0) for one in alone.records
    ]
    assert there.fingerprints == alone.fingerprints


def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_done_twice(
    cluster: Cluster, spread: Place, outcomes: Outcomes, asked: Asked
) -> None:
    """Killed as soon as the first result is there: a task of its own is under way then."""
    longer = replace(asked, request=replace(asked.request, steps=40))
    made: dict[Path, int] = {}

    def kill() -> None:
        until = time.monotonic() + 120
        while not made and time.monotonic() < until:
            made.update({file: file.stat().st_mtime_ns for file in asked.out.rglob(marks.MARK)})
            time.sleep(0.005)
        os.kill(cluster.workers[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    told = outcomes(spread, longer)
    killer.join()
    assert cluster.workers[0].wait(10) == -signal.SIGKILL
    assert cluster.workers[1].poll() is None
    assert {place for place, one in told.items() if one.state in ("done", "finished before")} == GOOD
    assert made
    assert {file: file.stat().st_mtime_ns for file in made} == made  # what was finished was left as it is
    again = outcomes(asked=longer)
    assert {again[place].state for place in GOOD} == {"finished before"}


def test_a_scheduler_that_does_not_answer_is_said(
    monkeypatch: pytest.MonkeyPatch, folder: Path, asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bssdemo.machine.cluster.SECONDS_TO_CONNECT", 0.3)
    words = ["separate", str(folder), "--sources", "digit,piano", "--out", str(asked.out)]
    words += ["--checkpoints", str(asked.checkpoints), "--dask", "tcp://127.0.0.1:1"]
    assert main.main(words) == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err
    assert not asked.out.exists()


def test_without_dask_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, folder: Path, asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = ["separate", str(folder), "--sources", "digit,piano", "--out", str(asked.out), "--dask"]
    assert main.main(words) == 2
    assert "pip install -r requirements-dask.txt" in capsys.readouterr().err
