from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bssdemo.search.objective import TERMS
from bssdemo.ui import job
from bssdemo.ui.result import Loss, Result, write_archive
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf


@pytest.fixture
def result(ordered: job.Job, shelf: Shelf) -> Result:
    snapshots = [snapshot for snapshot, _ in job.run(ordered, shelf, Session())]
    losses = [Loss.of(snapshot) for snapshot in snapshots]
    return Result.of(ordered, snapshots[-1], losses, ordered.config.objective.weights, stopped=False)


def test_players_keep_one_common_scale(result: Result) -> None:
    (_, mix), *stems = result.players()
    scale = mix.astype(float) @ result.job.window.audio.double().numpy()
    scale /= float(result.job.window.audio.double().square().sum())
    for (label, samples), name, stem in zip(stems, result.job.labels, result.answer.estimates, strict=True):
        assert label == name
        expected = scale * stem.double().numpy() / result.job.gain
        assert np.abs(samples - expected).max() <= 1 + 1e-4 * np.abs(expected).max()


def test_the_archive_holds_everything_and_agrees_with_itself(result: Result, tmp_path: Path) -> None:
    with zipfile.ZipFile(write_archive(result, tmp_path)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    stems = {"mixture.wav", "spoken-digits.wav", "piano.wav"}
    assert set(files) == stems | {"settings.json", "losses.csv", "figure.png"}
    for (_, samples), name in zip(
        result.players(), ("mixture.wav", "spoken-digits.wav", "piano.wav"), strict=True
    ):
        stored, rate = soundfile.read(io.BytesIO(files[name]), dtype="int16")
        assert rate == 16_000
        np.testing.assert_array_equal(stored, samples)
    settings = json.loads(files["settings.json"])
    rows = list(csv.DictReader(io.StringIO(files["losses.csv"].decode())))
    assert [int(row["step"]) for row in rows] == list(range(13))
    weights = settings["weights_at_end"]
    for row in rows[:-1]:
        weighted = sum(weights[term] * float(row[term]) for term in TERMS)
        assert float(row["total"]) == pytest.approx(weighted, rel=1e-4)
    assert files["figure.png"].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("last", "stopped", "ending"), [(12, False, "done"), (5, True, "stopped"), (5, False, "time limit")]
)
def test_the_ending_is_named(result: Result, last: int, stopped: bool, ending: str) -> None:
    losses = result.losses[: last + 1]
    assert Result.of(result.job, result.answer, losses, result.weights, stopped).ending == ending
