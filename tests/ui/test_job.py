from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bssdemo import audio
from bssdemo.models.encoder import LatentEncoder
from bssdemo.search.objective import Weights
from bssdemo.search.pgd import separate
from bssdemo.ui import job
from bssdemo.ui.frame import decode
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf


def test_what_is_wrong_is_said_in_words(shelf: Shelf, tone_file: Path, tmp_path: Path) -> None:
    text = tmp_path / "renamed.wav"
    text.write_text("this is a text, not a sound")
    silent = tmp_path / "silent.wav"
    audio.write_wav(silent, torch.zeros(16_000))
    refused = [
        ((None, ["digit"]), {}, "Choose a mixture"),
        ((tone_file, []), {}, "at least one source"),
        ((tone_file, ["digit"] * 5), {}, "At most 4"),
        ((tone_file, ["violin"]), {}, "violin"),
        ((tone_file, ["digit"]), {"preset": "best"}, "best"),
        ((tone_file, ["digit"]), {"steps": 10**9}, "steps"),
        ((tone_file, ["digit"]), {"steps": float("nan")}, "steps"),
        ((tone_file, ["digit"]), {"learning_rate": -1.0}, "learning rate"),
        ((tone_file, ["digit"]), {"starts": 0}, "starts"),
        ((tone_file, ["digit"]), {"start": "middle"}, "middle"),
        ((text, ["digit"]), {}, "renamed.wav"),
        ((silent, ["digit"]), {}, "silent"),
    ]
    for arguments, changes, word in refused:
        with pytest.raises(ValueError, match=word):
            job.order(*arguments, shelf, **changes)


def test_only_repeated_labels_are_numbered(shelf: Shelf, tone_file: Path) -> None:
    labels = job.order(tone_file, ["piano", "digit", "piano"], shelf).labels
    assert labels == ("piano 1", "spoken digits", "piano 2")


def test_the_board_changes_nothing_in_the_search(ordered: job.Job, shelf: Shelf) -> None:
    *_, (watched, frame) = job.run(ordered, shelf, Session())
    mix, gain = audio.to_search_level(ordered.mono, 2)
    *_, alone = separate(mix, [shelf.priors[name].generator for name in ordered.sources], ordered.config)
    torch.testing.assert_close(watched.estimates, alone.estimates / gain)
    assert frame is not None
    assert (decode(frame).status, decode(frame).step) == ("done", 12)


def test_stop_delivers_what_there_is(ordered: job.Job, shelf: Shelf) -> None:
    session = Session()
    search = job.run(ordered, shelf, session)
    for _ in range(4):
        next(search)
    session.stop()
    rest = list(search)
    assert len(rest) == 1
    snapshot, frame = rest[0]
    assert snapshot.done
    assert snapshot.estimates.abs().max() > 0
    assert frame is not None
    assert decode(frame).status == "stopped"


def test_a_slider_acts_in_mid_run(ordered: job.Job, shelf: Shelf) -> None:
    session = Session(ordered.config.objective.weights)
    search = job.run(ordered, shelf, session)
    next(search)
    session.weights = Weights(0.0, 0.0, 0.0, 0.0)
    following = [snapshot for snapshot, _ in search]
    assert all(float(snapshot.total) == 0.0 for snapshot in following)


def test_a_run_ends_after_its_longest_time(ordered: job.Job, shelf: Shelf) -> None:
    long = replace(ordered, config=replace(ordered.config, steps=2000))
    snapshots = [snapshot for snapshot, _ in job.run(long, shelf, Session(), longest=0.2)]
    assert snapshots[-1].done
    assert snapshots[-1].step < 2000


def test_what_was_left_out_of_a_long_recording_is_told(shelf: Shelf, tone_file: Path, tmp_path: Path) -> None:
    assert job.order(tone_file, ["digit"], shelf, start="zeros").notes == ()
    long = tmp_path / "long.wav"
    audio.write_wav(long, torch.sin(torch.arange(61 * 8_000) / 5), sample_rate=8_000)
    ready = job.order(long, ["digit"], shelf, "paper")
    assert ready.seconds == pytest.approx(60, abs=0.01)
    read, cut = ready.notes
    assert "first 60 s" in read
    assert f"{ready.config.steps} steps" in cut
    assert ready.longest > job.order(tone_file, ["digit"], shelf).longest


def test_a_long_recording_is_searched_whole_and_shown_whole(shelf: Shelf, long_file: Path) -> None:
    ready = job.order(long_file, ["digit", "piano"], shelf, steps=2)
    told = list(job.run(ready, shelf, Session()))
    assert [snapshot.step for snapshot, _ in told] == [0, 1, 2]
    snapshot, frame = told[-1]
    assert snapshot.estimates.shape == (2, len(ready.mono))
    assert decode(str(frame)).duration == pytest.approx(ready.seconds, abs=0.001)


def test_a_source_without_an_encoder_is_named(shelf: Shelf, tone_file: Path) -> None:
    assert job.order(tone_file, ["digit"], shelf, start="zeros").notes == ()
    (note,) = job.order(tone_file, ["digit", "digit"], shelf, start="encoder").notes
    assert note.count("spoken digits") == 1


def test_the_encoder_decides_where_a_search_begins(shelf: Shelf, tone_file: Path) -> None:
    first = {}
    encoder = LatentEncoder(width=2)
    heard = replace(shelf, priors={"digit": replace(shelf.priors["digit"], encoder=encoder.eval())})
    for start in ("zeros", "encoder"):
        ready = job.order(tone_file, ["digit"], heard, steps=1, starts=1, start=start)
        assert ready.notes == ()
        first[start] = next(job.run(ready, heard, Session()))[0].estimates
    assert not torch.allclose(first["zeros"], first["encoder"], rtol=0.01)
