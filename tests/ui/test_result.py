from __future__ import annotations

import csv
import gc
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bssdemo.search.objective import TERMS
from bssdemo.ui import job
from bssdemo.ui.frame import decode
from bssdemo.ui.kept import Kept, new_folder, owning
from bssdemo.ui.result import Loss, Result, write_archive, write_sounds
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf

STEMS = {"spoken-digits.wav", "piano.wav"}


def finish(ordered: job.Job, shelf: Shelf) -> tuple[Result, str]:
    """A run to its end: the result and the last frame."""
    told = list(job.run(ordered, shelf, Session()))
    losses = [Loss.of(snapshot) for snapshot, _ in told]
    snapshot, frame = told[-1]
    return Result.of(ordered, snapshot, losses, ordered.config.objective.weights, False), str(frame)


@pytest.fixture
def finished(ordered: job.Job, shelf: Shelf) -> tuple[Result, str]:
    return finish(ordered, shelf)


def read(files: dict[str, bytes], name: str) -> tuple[np.ndarray, int]:
    samples, rate = soundfile.read(io.BytesIO(files[name]), always_2d=True)
    return samples.T, rate


def test_the_archive_holds_everything_and_agrees_with_itself(
    finished: tuple[Result, str], tmp_path: Path
) -> None:
    result, frame = finished
    write_sounds(result, frame, tmp_path)
    with zipfile.ZipFile(write_archive(result, tmp_path)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    sounds = {"mixture.wav", "residual.wav", *STEMS, *(f"raw/{name}" for name in STEMS)}
    assert set(files) == sounds | {"settings.json", "losses.csv", "figure.png"}
    mixture, _ = read(files, "mixture.wav")
    parts = [read(files, name)[0] for name in (*STEMS, "residual.wav")]
    np.testing.assert_allclose(sum(parts), mixture, atol=1e-4)
    scale = float((mixture[0] @ result.job.mono.numpy()) / result.job.mono.square().sum())
    for name, estimate in zip(("spoken-digits.wav", "piano.wav"), result.stems.raw, strict=True):
        np.testing.assert_allclose(read(files, f"raw/{name}")[0][0], scale * estimate.numpy(), atol=1e-4)
    settings = json.loads(files["settings.json"])
    assert settings["seconds"]["search"] == pytest.approx(result.answer.elapsed, abs=1e-3)
    rows = list(csv.DictReader(io.StringIO(files["losses.csv"].decode())))
    assert [int(row["step"]) for row in rows] == list(range(13))
    weights = settings["weights_at_end"]
    for row in rows[:-1]:
        weighted = sum(weights[term] * float(row[term]) for term in TERMS)
        assert float(row["total"]) == pytest.approx(weighted, rel=1e-4)
    assert files["figure.png"].startswith(b"\x89PNG")


def test_stems_of_a_long_stereo_recording_are_as_it_is(shelf: Shelf, long_file: Path, tmp_path: Path) -> None:
    result, frame = finish(job.order(long_file, ["digit", "piano"], shelf, steps=2), shelf)
    kept = write_sounds(result, frame, tmp_path)
    given, rate = soundfile.read(long_file)
    parts = [soundfile.read(file) for file in (*kept.stems["refined"], kept.residual)]
    assert all(samples.shape == given.shape and of == rate for samples, of in parts)
    mixture, _ = soundfile.read(kept.mixture)
    np.testing.assert_allclose(sum(samples for samples, _ in parts), mixture, atol=2e-4)
    for file in kept.stems["raw"]:
        samples, of = soundfile.read(file)
        assert (samples.shape, of) == ((len(result.job.mono),), 16_000)


def test_the_two_last_frames_differ_in_the_stems_alone(finished: tuple[Result, str], tmp_path: Path) -> None:
    result, frame = finished
    kept = write_sounds(result, frame, tmp_path)
    raw, refined = decode(kept.frames["raw"]), decode(kept.frames["refined"])
    plain = decode(frame)
    assert (raw.stems, refined.stems) == ("raw", "refined")
    assert raw.residual
    assert refined.residual
    np.testing.assert_array_equal(raw.spectrograms[:-1], plain.spectrograms)
    np.testing.assert_array_equal(raw.spectrograms[[0, -1]], refined.spectrograms[[0, -1]])
    assert not np.array_equal(raw.spectrograms[2:-1], refined.spectrograms[2:-1])
    np.testing.assert_array_equal(raw.curves, refined.curves)


def test_files_of_a_run_go_when_nobody_holds_it_any_more(finished: tuple[Result, str]) -> None:
    folder = new_folder()
    kept: Kept | None = owning(write_sounds(*finished, folder), folder)
    assert kept is not None
    assert kept.residual.is_file()
    kept = None
    gc.collect()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("last", "stopped", "ending"), [(12, False, "done"), (5, True, "stopped"), (5, False, "time limit")]
)
def test_the_ending_is_named(finished: tuple[Result, str], last: int, stopped: bool, ending: str) -> None:
    result, _ = finished
    answer = replace(result.answer, step=last)
    assert Result.of(result.job, answer, result.losses, result.weights, stopped).ending == ending
