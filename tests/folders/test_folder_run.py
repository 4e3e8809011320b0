"""A folder run: every file a result of its own, nothing done twice, nothing half written, one failure alone."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bssdemo.commands import main
from bssdemo.folders import marks, work
from bssdemo.folders.run import Summary, plan
from bssdemo.folders.work import Asked, Outcome
from bssdemo.machine.tasks import Processes
from bssdemo.separation import Run, files, prepare, read
from bssdemo.separation.files import ASIDE
from tests.folders.conftest import sounds

Outcomes = Callable[..., dict[str, Outcome]]
GOOD = {"a", "b", "sub/a", "sub/deep/c"}


def states(told: dict[str, Outcome]) -> dict[str, str]:
    return {place: outcome.state for place, outcome in told.items()}


def test_every_file_becomes_what_it_becomes_by_itself(
    outcomes: Outcomes, folder: Path, asked: Asked, tmp_path: Path
) -> None:
    """Searched together they give what each gives alone, up to the rounding of 16 bits."""
    told = outcomes()
    assert states(told) == {**dict.fromkeys(GOOD, "done"), "sub/broken": "failed"}
    for place in GOOD:
        job = prepare(read(told[place].entry.file), asked.request, work.networks(asked))
        run = Run(job)
        for _ in run:
            pass
        alone = files.write(run.result(), tmp_path / "alone" / place)
        for file in alone.sounds:
            mine, _ = soundfile.read(asked.out / place / file.relative_to(alone.folder), dtype="int16")
            theirs, _ = soundfile.read(file, dtype="int16")
            assert np.abs(mine.astype(int) - theirs).max() <= 1, file
        one, other = (
            json.loads((at / place / "report.json").read_text()) for at in (asked.out, tmp_path / "alone")
        )
        for changing in ("seconds", "terms", "total", "leash"):
            one.pop(changing, None), other.pop(changing, None)
        for source in (*one["sources"], *other["sources"]):
            source["gain"] = round(source["gain"], 3)
        assert one == other


def test_a_failure_is_one_line_and_the_rest_goes_on(outcomes: Outcomes) -> None:
    broken = outcomes()["sub/broken"]
    assert broken.told == "broken.wav is not a sound file that can be read; WAV, FLAC, MP3 and OGG work"


def test_what_is_finished_is_not_done_again_until_something_changes(
    outcomes: Outcomes, asked: Asked, folder: Path
) -> None:
    outcomes()
    stems = asked.out / "a" / "digit.wav"
    made = stems.stat().st_mtime_ns
    again = outcomes()
    assert {again[place].state for place in GOOD} == {"finished before"}
    assert stems.stat().st_mtime_ns == made
    (folder / "a.wav").write_bytes((folder / "sub" / "a.wav").read_bytes())  # another recording
    (asked.out / "b" / "piano.wav").unlink()  # a stem that is gone
    assert states(outcomes()) == {
        "a": "done", "b": "done", "sub/a": "finished before", "sub/deep/c": "finished before",
        "sub/broken": "failed",
    }  # fmt: skip
    other = replace(asked, request=replace(asked.request, steps=3))
    assert {state for place, state in states(outcomes(asked=other)).items() if place in GOOD} == {"done"}


def test_other_networks_are_other_results(asked: Asked, tiny_checkpoints: Path, tmp_path: Path) -> None:
    swapped = tmp_path / "swapped"
    swapped.mkdir()
    (swapped / "digit").symlink_to(tiny_checkpoints / "drums")
    (swapped / "piano").symlink_to(tiny_checkpoints / "piano")
    assert work.key(asked) != work.key(replace(asked, checkpoints=swapped))
    assert work.key(asked) == work.key(replace(asked, out=tmp_path))


def test_tasks_are_a_matter_of_the_list_alone(asked: Asked, tmp_path: Path) -> None:
    for count in (1, 5, 8, 40, 200):
        entries = [work.Entry(tmp_path / f"{k}.wav", Path(str(k))) for k in range(count)]
        tasks = plan(asked, entries)
        assert [entry for task in tasks for entry in task.entries] == entries
        assert max(len(task.entries) for task in tasks) <= 8
        assert len(tasks) >= min(8, count)


def test_processes_write_the_same_bytes(outcomes: Outcomes, asked: Asked, tmp_path: Path) -> None:
    outcomes()
    told = outcomes(Processes(2), replace(asked, out=tmp_path / "spread"))
    assert {told[place].state for place in GOOD} == {"done"}
    assert sounds(tmp_path / "spread") == sounds(asked.out)


def test_the_summary_has_a_line_for_every_file(outcomes: Outcomes, asked: Asked) -> None:
    summary = Summary(list(outcomes().values()))
    with summary.write(asked.out).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["result"] for row in rows] == ["a", "b", "sub/a", "sub/broken", "sub/deep/c"]
    assert [row["state"] for row in rows].count("failed") == 1
    assert summary.audio == pytest.approx(0.4 + 1.3 + 0.6 + 2.2, abs=0.01)


def command(folder: Path, asked: Asked, *options: str) -> list[str]:
    return [
        "separate", str(folder), "--sources", "digit,piano", "--steps", "2", "--checkpoints",
        str(asked.checkpoints), "--out", str(asked.out), *options,
    ]  # fmt: skip


def test_the_command_tells_how_it_went(
    folder: Path, asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(command(folder, asked, "--jobs", "1")) == 1
    out, err = capsys.readouterr()
    assert "4 separated" in out
    assert "1 failed" in out
    assert "broken.wav is not a sound file" in err
    (folder / "sub" / "broken.wav").unlink()
    assert main.main(command(folder, asked, "--jobs", "1")) == 0
    assert "4 finished before" in capsys.readouterr().out


def test_two_files_have_a_folder_each(folder: Path, asked: Asked) -> None:
    words = command(folder / "a.wav", asked, "--jobs", "1")
    words.insert(2, str(folder / "b.flac"))
    assert main.main(words) == 0
    assert {path.name for path in asked.out.iterdir()} == {"a", "b", "summary.csv"}


def test_what_cannot_be_asked_is_refused_before_any_work(
    folder: Path, asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    words = command(folder, asked, "--jobs", "1")
    words[words.index("digit,piano")] = "digit,tuba"
    assert main.main(words) == 2
    assert "tuba" in capsys.readouterr().err
    assert not asked.out.exists()


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_ends_in_the_middle_goes_on(sent: signal.Signals, folder: Path, asked: Asked) -> None:
    """Killed or interrupted after the first result: no half-written stem, and the next run does only the rest."""
    words = [sys.executable, "-m", "bssdemo", *command(folder, asked, "--jobs", "1")]
    words[words.index("--steps") + 1] = "200"  # long enough to be ended in the middle
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while not any((asked.out / good / marks.MARK).exists() for good in GOOD):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    os.kill(running.pid, sent)
    running.communicate()
    assert running.returncode == (130 if sent == signal.SIGINT else -signal.SIGKILL)
    before = {file: file.stat().st_mtime_ns for file in asked.out.rglob(marks.MARK)}
    assert before
    for sound in asked.out.rglob("*.wav"):
        if not any(part.startswith(ASIDE) for part in sound.parts):
            soundfile.read(sound)  # whole
    again = subprocess.run(words, capture_output=True, text=True, check=False)
    assert again.returncode == 1, again.stderr  # there is a file that is none
    with (asked.out / "summary.csv").open(newline="") as stream:
        told = {row["result"]: row["state"] for row in csv.DictReader(stream)}
    assert told.keys() == {*GOOD, "sub/broken"}
    assert {told[place] for place in GOOD} <= {"done", "finished before"}
    assert sum(told[place] == "finished before" for place in GOOD) == len(before)
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert not list(asked.out.rglob(f"{ASIDE}*"))
