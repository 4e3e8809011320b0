"""A file is chosen: its picture, a part of it, what is heard in it, and what the visitor is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
import soundfile
import torch

from bssdemo import audio
from bssdemo.separation import Networks, Request, prepare, read
from bssdemo.separation.guess import Confidence, proposed, unheard
from bssdemo.separation.pictures.sets import PictureSets
from bssdemo.separation.request import SHARED, WATCHED_STEPS
from bssdemo.ui.audio import events
from bssdemo.ui.cut.component import part_of
from bssdemo.ui.page import page
from bssdemo.ui.session import WHOLE, Part, Turns
from tests.ui.visitor import Visitor
from tests.ui.wire import decode

AUDIO = "audio.events"


@pytest.fixture(scope="module")
def blocks(loaded: Networks) -> gr.Blocks:
    return page(loaded, PictureSets({}, ()), Turns())


@pytest.fixture
def visitor(blocks: gr.Blocks, long_file: Path, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    one = Visitor(blocks, request.node.name)
    one.sets("mixture", str(long_file))
    yield one
    one.does(AUDIO, "leave")


@pytest.fixture
def hears(monkeypatch: pytest.MonkeyPatch) -> dict[str, Confidence]:
    """What is heard in every recording."""
    sure = {"digit": Confidence(0.9, True), "piano": Confidence(0.1, False)}
    monkeypatch.setattr(events, "listened", lambda heard, networks: dict(sure))
    return sure


def chooses(visitor: Visitor) -> str:
    visitor.does(AUDIO, "choose")
    visitor.does(AUDIO, "listen")
    return str(visitor.value("message"))


def ticked(visitor: Visitor) -> list[str]:
    labels = ("spoken digits", "piano")
    return [label for label in labels if visitor.value(visitor.labelled(label))]


def test_the_files_own_spectrogram_stands_on_the_board_at_once(visitor: Visitor) -> None:
    visitor.does(AUDIO, "choose")
    frame = decode(visitor.value("board"))
    assert (frame.status, frame.duration) == ("chosen", pytest.approx(2.5, abs=0.01))
    assert frame.spectrograms.max() > 50
    assert visitor.value("cut")["end"] == pytest.approx(2.5, abs=0.01)


def test_what_is_heard_is_ticked_and_said(visitor: Visitor, hears: dict[str, Confidence]) -> None:
    assert "Heard and ticked for you: spoken digits." in chooses(visitor)
    assert ticked(visitor) == ["spoken digits"]
    hears["piano"], hears["digit"] = Confidence(0.9, True), Confidence(0.5, True)
    assert "ticked for you: piano." in chooses(visitor), "another file: the ticks were not the visitor's"
    assert ticked(visitor) == ["piano"]


def test_the_surest_are_proposed_and_only_what_no_window_holds_is_called_unheard() -> None:
    sure = {
        "piano": Confidence(0.85, True),
        "speech": Confidence(0.95, True),
        "digit": Confidence(0.95, True),
        "drums": Confidence(0.3, True),
        "bass": Confidence(0.1, False),
    }
    assert proposed(sure) == ("speech", "piano"), "a digit is heard as speech"
    assert unheard(sure, ("piano", "drums", "bass", "unknown")) == ("bass",)


def test_the_visitors_own_ticks_stay_and_what_is_not_heard_is_said(
    visitor: Visitor, hears: dict[str, Confidence]
) -> None:
    visitor.sets(visitor.labelled("piano"), True)
    said = chooses(visitor)
    assert ticked(visitor) == ["piano"]
    assert "Ticked, but not heard in this recording: piano." in said
    visitor.sets(visitor.labelled("piano"), False)
    visitor.sets(visitor.labelled("spoken digits"), True)
    visitor.does(AUDIO, "retick")
    assert "not heard" not in visitor.value("message")


def test_a_minute_and_more_leads_to_an_offer_to_cut(visitor: Visitor, tmp_path: Path) -> None:
    noise = 0.1 * torch.randn(75 * 8000, generator=torch.Generator().manual_seed(0))
    noise[70 * 8000 :] *= 5
    audio.write_wav(tmp_path / "long.wav", noise, 8000)
    visitor.sets("mixture", str(tmp_path / "long.wav"))
    visitor.does(AUDIO, "choose")
    assert "Only 60 s can be taken apart at once: choose them" in visitor.value("message")
    told = visitor.value("cut")
    assert (told["seconds"], told["start"], told["end"]) == (75.0, 0.0, 60.0)
    visitor.sets("cut", {**told, "start": 70.0, "end": 74.0})
    visitor.does(AUDIO, "recut")
    assert decode(visitor.value("board")).duration == pytest.approx(4.0, abs=0.01)
    assert "4.0 s of recording" in visitor.value("message")


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (None, WHOLE),
        ({"seconds": 0.0}, WHOLE),
        ({"seconds": 20.0, "start": 0.0, "end": 20.0}, WHOLE),
        ({"seconds": 100.0, "start": 0.0, "end": 60.0}, WHOLE),
        ({"seconds": 100.0, "start": 30.0, "end": 40.5}, Part(30.0, 10.5)),
        ({"seconds": 100.0, "start": 30.0, "end": 1e9}, Part(30.0, 60.0)),
        ({"seconds": 100.0, "start": 99.9, "end": 99.95}, Part(99.0, 1.0)),
        ({"seconds": 100.0, "start": -5.0, "end": 3.0}, Part(0.0, 3.0)),
    ],
)
def test_whatever_a_browser_asks_for_is_a_part_of_the_recording(
    value: dict[str, float] | None, part: Part
) -> None:
    assert part_of(value) == part


def test_a_part_is_read_to_the_sample(tmp_path: Path) -> None:
    rising = torch.linspace(-0.9, 0.9, 4 * 8000)
    audio.write_wav(tmp_path / "rising.wav", rising, 8000)
    soundfile.write(tmp_path / "rising.flac", rising.numpy(), 8000, subtype="PCM_16")
    for name in ("rising.wav", "rising.flac"):
        found = audio.read(tmp_path / name, 1.5, 2.25)
        torch.testing.assert_close(found.samples[0], rising[18000:30000], atol=1e-4, rtol=0)
        assert found.note == "Only 1.5 s of the recording were read, from 2.2 s on."
    with pytest.raises(audio.AudioError, match=r"ends before 9\.0 s"):
        audio.read(tmp_path / "rising.wav", 1.0, 9.0)


def test_a_search_to_be_watched_goes_as_far_in_more_steps(loaded: Networks, tone_file: Path) -> None:
    usual, watched = (
        prepare(
            read(tone_file), Request(("digit",), start="encoder", watch=watch), loaded, SHARED
        ).setup.config
        for watch in (False, True)
    )
    assert (watched.steps, watched.start, usual.start) == (WATCHED_STEPS, "zeros", "encoder")
    assert watched.steps * watched.learning_rate == pytest.approx(usual.steps * usual.learning_rate)


def test_stopped_in_the_queue_a_run_is_not_begun(visitor: Visitor) -> None:
    visitor.sets(visitor.labelled("piano"), True)
    visitor.does(AUDIO, "announce")
    visitor.does(AUDIO, "halt")
    assert "Stopped before the search began" in visitor.value("message"), "at once"
    visitor.does(AUDIO, "run")
    assert "Stopped before the search began" in visitor.value("message")
    assert not visitor.shown.get(visitor.by_id["stems"], False)
