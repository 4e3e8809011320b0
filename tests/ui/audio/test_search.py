"""A search as the page runs it: the board changes nothing in it, and what it leaves is what the command writes."""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import soundfile
import torch

from bssdemo import audio
from bssdemo.commands.main import main
from bssdemo.machine.shares import Machine
from bssdemo.models.encoder import LatentEncoder
from bssdemo.search.objective import TERMS, Weights
from bssdemo.search.pgd import separate
from bssdemo.separation import Job, Networks, Request, Run, prepare, read
from bssdemo.separation.request import SHARED
from bssdemo.separation.result import SCHEMA
from bssdemo.ui.audio import former
from bssdemo.ui.audio import search as searching
from bssdemo.ui.audio.examples import find
from bssdemo.ui.audio.layout import Controls, lay_out
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.audio.search import ended, searched
from bssdemo.ui.board.painter import painter, watched
from bssdemo.ui.session import Turn
from tests.ui.wire import decode


@pytest.fixture(scope="module")
def ui(loaded: Networks) -> Controls:
    with gr.Blocks():
        return lay_out(loaded, find())


def run_of(job: Job, turn: Turn, longest: float | None = None) -> Run:
    return Run(job, lambda: turn.weights, lambda: turn.stopped, longest)


def test_the_board_changes_nothing_in_the_search(job: Job, loaded: Networks) -> None:
    run = run_of(job, Turn())
    *_, (snapshot, frame) = watched(run, painter(run))
    mix, gain = audio.to_search_level(job.heard.mono, 2)
    generators = [loaded.priors[name].generator for name in ("digit", "piano")]
    *_, alone = separate(mix, generators, job.setup.config, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(snapshot.estimates, alone.estimates / gain)
    assert frame is not None
    assert (frame.status, frame.step) == ("done", 12)


def test_stop_delivers_what_there_is(job: Job) -> None:
    turn = Turn()
    run = run_of(job, turn)
    frames = watched(run, painter(run))
    for _ in range(4):
        next(frames)
    turn.stop()
    rest = list(frames)
    assert len(rest) == 1
    snapshot, frame = rest[0]
    assert snapshot.done
    assert snapshot.estimates.abs().max() > 0
    assert frame is not None
    assert frame.status == "stopped"


def test_a_slider_acts_in_mid_run(job: Job) -> None:
    turn = Turn(job.setup.config.objective.weights)
    run = run_of(job, turn)
    steps = iter(run)
    next(steps)
    turn.weights = Weights(0.0, 0.0, 0.0, 0.0)
    assert all(float(snapshot.total) == 0.0 for snapshot in steps)


def test_a_run_ends_after_its_longest_time_and_says_so(order: Callable[..., Job], tone_file: Path) -> None:
    run = run_of(order(tone_file, "digit", steps=2000), Turn(), longest=0.2)
    *_, (snapshot, frame) = watched(run, painter(run))
    assert snapshot.step < 2000
    assert frame is not None
    assert frame.status == "time limit"
    assert "may take 130 s: it ended at step" in ended(run.result(), Turn())


def test_a_long_recording_is_searched_whole_and_shown_whole(
    order: Callable[..., Job], long_file: Path
) -> None:
    ready = order(long_file, "digit", "piano", steps=2)
    run = run_of(ready, Turn())
    told = list(watched(run, painter(run)))
    assert [snapshot.step for snapshot, _ in told] == [0, 1, 2]
    snapshot, frame = told[-1]
    assert snapshot.estimates.shape == (2, len(ready.heard.mono))
    assert frame is not None
    assert frame.duration == pytest.approx(ready.heard.seconds, abs=0.001)


def test_the_encoder_decides_where_a_search_begins(loaded: Networks, tone_file: Path) -> None:
    first = {}
    prior = replace(loaded.priors["digit"], encoder=LatentEncoder(width=2).eval())
    networks = replace(loaded, priors={"digit": prior})
    for start in ("zeros", "encoder"):
        ready = prepare(
            read(tone_file), Request(("digit",), steps=1, starts=1, start=start), networks, SHARED
        )
        first[start] = next(iter(run_of(ready, Turn()))).estimates
    assert not torch.allclose(first["zeros"], first["encoder"], rtol=0.01)


def finish(job: Job, ui: Controls, archive: Path) -> tuple[Outcome, dict[str, bytes]]:
    """A search to its end: what it left, and its zip's files."""
    outcome = None
    for updates, left in searched(job, "", Turn(), ui):
        outcome = left or outcome
        if ui.download in updates and updates[ui.download].constructor_args.get("value"):
            archive.write_bytes(Path(updates[ui.download].constructor_args["value"]).read_bytes())
    assert outcome is not None
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        return outcome, {name: packed.read(name) for name in packed.namelist()}


def samples(content: bytes) -> tuple[np.ndarray, int]:
    values, rate = soundfile.read(io.BytesIO(content), always_2d=True)
    return values.T, rate


def test_the_archive_holds_everything_and_agrees_with_itself(job: Job, ui: Controls, tmp_path: Path) -> None:
    outcome, files = finish(job, ui, tmp_path / "all.zip")
    stems = ("digit.wav", "piano.wav")
    sounds = {"mixture.wav", "residual.wav", *stems, *(f"raw/{name}" for name in stems)}
    assert set(files) == sounds | {"report.json", "losses.csv", "figure.png"}
    mixture, _ = samples(files["mixture.wav"])
    parts = [samples(files[name])[0] for name in (*stems, "residual.wav")]
    np.testing.assert_allclose(sum(parts), mixture, atol=1e-4)
    scale = json.loads(files["report.json"])["output"]["scale"]
    for name, estimate in zip(stems, outcome.raw, strict=True):
        np.testing.assert_allclose(samples(files[f"raw/{name}"])[0][0], scale * estimate.numpy(), atol=1e-4)
    report = json.loads(files["report.json"])
    rows = list(csv.DictReader(io.StringIO(files["losses.csv"].decode())))
    assert [int(row["step"]) for row in rows] == list(range(13))
    weights = report["settings"]["weights_at_end"]
    for row in rows[:-1]:
        weighted = sum(weights[term] * float(row[term]) for term in TERMS)
        assert float(row["total"]) == pytest.approx(weighted, rel=1e-4)
    assert files["figure.png"].startswith(b"\x89PNG")


def keys(report: object) -> object:
    """A report without its values."""
    if isinstance(report, dict):
        return {name: keys(value) for name, value in report.items()}
    return [keys(value) for value in report] if isinstance(report, list) else type(report)


def test_page_and_command_write_the_same_files(
    order: Callable[..., Job], ui: Controls, tiny_checkpoints: Path, long_file: Path, tmp_path: Path
) -> None:
    """Of a stereo recording with two of a kind: same names, same schema, stems equal to the sample."""
    _, files = finish(order(long_file, "piano", "digit", "piano", steps=3), ui, tmp_path / "page.zip")
    out = tmp_path / "command"
    command = [
        "separate",
        str(long_file),
        "--sources",
        "piano,digit,piano",
        "--steps",
        "3",
        "--out",
        str(out),
    ]
    assert main([*command, "--checkpoints", str(tiny_checkpoints)]) == 0
    written = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert set(files) == set(written)
    assert {"piano-1.wav", "digit.wav", "piano-2.wav", "raw/piano-2.wav"} <= set(files)
    for name in (name for name in files if name.endswith(".wav")):
        (one, rate), (other, of) = samples(files[name]), samples(written[name])
        assert rate == of
        np.testing.assert_array_equal(one, other)
    assert files["losses.csv"] == written["losses.csv"]
    page, command_line = (json.loads(held["report.json"]) for held in (files, written))
    assert page["schema"] == command_line["schema"] == SCHEMA
    assert keys(page) == keys(command_line)
    for told in (page, command_line):
        del told["seconds"]
    assert page == command_line


def test_stems_of_a_long_stereo_recording_are_as_it_is(
    order: Callable[..., Job], ui: Controls, long_file: Path, tmp_path: Path
) -> None:
    outcome, _ = finish(order(long_file, "digit", "piano", steps=2), ui, tmp_path / "all.zip")
    given, rate = soundfile.read(long_file)
    parts = [soundfile.read(file) for file in (*outcome.stems["refined"], outcome.residual)]
    assert all(values.shape == given.shape and of == rate for values, of in parts)
    mixture, _ = soundfile.read(outcome.mixture)
    np.testing.assert_allclose(sum(values for values, _ in parts), mixture, atol=2e-4)
    for file in outcome.stems["raw"]:
        values, of = soundfile.read(file)
        assert (values.shape, of) == ((len(outcome.heard.mono),), 16_000)


def test_the_two_last_frames_differ_in_the_stems_alone(job: Job) -> None:
    run = run_of(job, Turn())
    drawing = painter(run)
    *_, (_, plain) = watched(run, drawing)
    assert plain is not None
    frames = drawing.last(plain, run.result())
    raw, refined = frames["raw"], frames["refined"]
    assert (raw.stems, refined.stems) == ("raw", "refined")
    assert raw.residual
    assert refined.residual
    np.testing.assert_array_equal(raw.spectrograms[:-1], plain.spectrograms)
    np.testing.assert_array_equal(raw.spectrograms[[0, -1]], refined.spectrograms[[0, -1]])
    assert not np.array_equal(raw.spectrograms[2:-1], refined.spectrograms[2:-1])
    np.testing.assert_array_equal(raw.curves, refined.curves)


def test_everything_of_the_run_before_is_cleared_by_the_first_frame_alone(job: Job, ui: Controls) -> None:
    first, *others = searched(job, "at work", Turn(), ui)
    assert first[0][ui.outcome] is None
    assert decode(first[0][ui.board]).step == 0
    assert all(updates.get(ui.outcome, "as it was") is not None for updates, _ in others)


def test_a_watched_run_takes_its_time_and_says_so(
    order: Callable[..., Job], ui: Controls, tone_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "WATCHED", 1.5)
    began = time.monotonic()
    ready = order(tone_file, "digit", steps=10)
    told = [updates for updates, _ in searched(ready, "", Turn(watched=True), ui)]
    assert time.monotonic() - began >= 1.5
    assert len([one for one in told if ui.board in one and decode(one[ui.board]).status == "searching"]) >= 6
    assert any("slowed for you to watch" in str(one.get(ui.message)) for one in told)


def test_a_run_on_the_same_recording_is_laid_beside_the_one_before(
    order: Callable[..., Job], ui: Controls, tone_file: Path, long_file: Path
) -> None:
    before, after, other = (
        next(left for _, left in searched(job, "", Turn(), ui) if left)
        for job in (
            order(tone_file, "digit", "piano", steps=2),
            order(tone_file, "digit", "piano", steps=12, weights=Weights(0.8, 1.5, 0.2, 0.2)),
            order(long_file, "digit", "piano", steps=2),
        )
    )
    assert former.comparable(after, before)
    assert not former.comparable(other, before)
    said = former.differs(after, before)
    assert said is not None
    assert "dissociation 0.02, now 1.50" in said
    assert "spectral" not in said
    assert former.laid_beside(ui, after, before)[ui.former] is before
    assert former.laid_beside(ui, other, before)[ui.former] is None
    assert former.alike(after, after) == "Its stems are the same."


def test_a_long_run_ends_for_others_who_wait_and_says_so(order: Callable[..., Job], tone_file: Path) -> None:
    machine = Machine()
    turn = Turn(place=machine.place())
    assert turn.place is not None
    assert turn.place.wait(0.0)
    turn.fair = 0.0
    assert not turn.ends(), "nobody waits"
    machine.place().wait(0.0)
    run = Run(order(tone_file, "digit", steps=200), None, turn.ends)
    list(run)
    assert "Others are waiting for this machine" in ended(run.result(), turn)
