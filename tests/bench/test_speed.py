"""The stopwatch's own laws, and `bench speed` as a person runs it. No test asserts how fast a machine is."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bssdemo.bench import speed
from bssdemo.commands import bench_speed, main
from bssdemo.commands.bench_speed import _race_line
from bssdemo.models import Generator
from bssdemo.search.pgd import PRESETS

SHORT = replace(PRESETS["balanced"], steps=4, starts=1, explore=None)


def priors(count: int) -> list[Generator]:
    torch.manual_seed(0)
    return [Generator(model_size=2, latent_size=5).freeze() for _ in range(count)]


def test_tasks_take_turns_and_the_first_call_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, order = [0.0], []

    def task(name: str, seconds: list[float]):
        def run() -> None:
            order.append(name)
            clock[0] += seconds.pop(0)

        return run

    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    times = speed.in_turns([task("a", [99, 4, 1, 3, 2]), task("b", [99, 7, 7, 7, 7])], 4)
    assert order == ["a", "b"] * 5
    assert times == pytest.approx([2, 7])  # the lower quartile of 1, 2, 3, 4 here is the second


def test_operations_of_the_generator_are_those_of_its_products() -> None:
    """d = 32: dense 100 x 8192; each layer i -> o at T frames 28 i o T products; twice, two operations each."""
    layers = [(512, 256, 16), (256, 128, 64), (128, 64, 256), (64, 32, 1024), (32, 1, 4096)]
    products = 100 * 8192 + sum(28 * i * o * frames for i, o, frames in layers)
    assert speed.generator_gflop(Generator(32)) == pytest.approx(4 * products / 1e9)


@pytest.mark.parametrize("sources", [1, 3])
def test_a_step_is_described_by_what_was_searched(sources: int) -> None:
    measured = speed.step(priors(sources), 2, 2)
    assert (measured.model_size, measured.sources, measured.batch) == (2, sources, 2)
    assert measured.ratio == measured.whole / measured.generators
    work = 2 * sources * speed.generator_gflop(priors(1)[0])
    assert measured.gflops == pytest.approx(1e3 * work / measured.generators)


def test_watching_is_paid_for() -> None:
    def slow(mix, snapshots):
        for snapshot in snapshots:
            time.sleep(0.05)
            yield snapshot

    alone, beside = speed.steps_per_second(priors(2), SHORT, slow)
    assert beside < alone
    assert beside < 20


def test_the_length_of_a_recording_decides_the_windows() -> None:
    one, three = (speed.length(priors(2), seconds, SHORT) for seconds in (1, 3))
    assert one.windows == 1
    assert three.windows in (3, 4)
    assert three.peak_gb >= one.peak_gb > 0.05


def test_against_itself_a_search_is_as_good_at_its_end() -> None:
    own = priors(2)
    refs = 0.3 * torch.randn(2, 2, 16_384, generator=torch.Generator().manual_seed(0))
    race = speed.race(refs.sum(1), refs, own, SHORT, SHORT)
    assert race.paper_snr == race.ours_snr
    assert race.reached_seconds is not None
    assert race.reached_seconds <= race.ours_seconds


def test_a_goal_that_is_never_reached_is_said_so() -> None:
    line = _race_line(speed.Race(3, 9.0, 60.0, 4.0, 2.0, None))
    assert "never gets there" in line
    assert "30 times sooner" in _race_line(speed.Race(3, 9.0, 60.0, 9.5, 4.0, 2.0))


def test_the_command_prints_tables_and_writes_json(
    tiny_checkpoints: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench_speed, "PAPER_SIZE", 8)  # the paper's 64 takes a minute
    file = tmp_path / "new" / "speed.json"
    command = ["bench", "speed", "--quick", "--checkpoints", str(tiny_checkpoints), "--json", str(file)]
    assert main.main(command) == 0
    shown = capsys.readouterr().out
    record = json.loads(file.read_text())
    assert {(s["model_size"], s["sources"], s["batch"]) for s in record["steps"]} == {
        (size, sources, 1) for size in (4, 8) for sources in (2, 3)
    }
    assert [one["seconds"] for one in record["lengths"]] == [1, 5]
    assert record["against_paper"] is None
    assert record["machine"]["processor"] in shown
    rows = [line for line in shown.splitlines() if line.startswith("|") and line[2].isdigit()]
    assert len(rows) == len(record["steps"]) + len(record["lengths"])
    assert f"{record['steps_per_second']['with_board']:.1f} with them" in shown


@pytest.mark.parametrize(
    ("options", "reason"),
    [(["--against-paper", "2"], "give --data DIR"), (["--against-paper", "-1"], "number of mixtures")],
)
def test_what_cannot_be_measured_is_one_line(
    options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["bench", "speed", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert reason in err
