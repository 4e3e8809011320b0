"""What a visitor may ask for, and what they are told where it cannot be or is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bssdemo import audio
from bssdemo.audio.format import SAMPLES
from bssdemo.separation import Job, Networks, Request, networks, prepare, read
from bssdemo.separation.request import SHARED


@pytest.fixture(scope="module")
def loaded(tiny_checkpoints: Path) -> Networks:
    return networks.everything(tiny_checkpoints)


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sounds") / "tones.wav"
    time = torch.arange(SAMPLES) / audio.SAMPLE_RATE
    audio.write_wav(path, 0.4 * torch.sin(2800 * time) * torch.exp(-4 * time))
    return path


def ask(loaded: Networks, file: Path, *sources: str, **changes: object) -> Job:
    return prepare(read(file), Request(sources, **changes), loaded, SHARED)


@pytest.mark.parametrize(
    ("sources", "changes", "word"),
    [
        ((), {}, "at least one source"),
        (("digit",) * 5, {}, "At most 4"),
        (("violin",), {}, "violin"),
        (("digit",), {"preset": "best"}, "best"),
        (("digit",), {"steps": 10**9}, "steps"),
        (("digit",), {"steps": float("nan")}, "steps"),
        (("digit",), {"learning_rate": -1.0}, "learning rate"),
        (("digit",), {"starts": 0}, "starts"),
        (("digit",), {"start": "middle"}, "middle"),
        (("digit",), {"method": "wavenet"}, "wavenet"),
        (("digit",), {"method": "nmf"}, "2 to 4"),
    ],
)
def test_what_is_wrong_is_said_in_words(
    loaded: Networks, tones: Path, sources: tuple[str, ...], changes: dict[str, object], word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        ask(loaded, tones, *sources, **changes)


def test_what_is_no_sound_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "renamed.wav").write_text("this is a text, not a sound")
    audio.write_wav(tmp_path / "silent.wav", torch.zeros(16_000))
    for file, word in (("renamed.wav", "renamed.wav"), ("silent.wav", "silent")):
        with pytest.raises(audio.AudioError, match=word):
            read(tmp_path / file)


def test_only_repeated_labels_are_numbered(loaded: Networks, tones: Path) -> None:
    labels = ask(loaded, tones, "piano", "digit", "piano").labels
    assert labels == ("piano 1", "spoken digits", "piano 2")


def test_what_was_left_out_of_a_long_recording_is_told(loaded: Networks, tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    audio.write_wav(long, torch.sin(torch.arange(61 * 8_000) / 5), sample_rate=8_000)
    ready = ask(loaded, long, "digit", preset="paper")
    assert ready.heard.seconds == pytest.approx(60, abs=0.01)
    notes = " ".join(ready.notes)
    assert "first 60 s" in notes
    assert f"{ready.setup.config.steps} steps" in notes


def test_a_source_without_an_encoder_is_named_once(loaded: Networks, tones: Path) -> None:
    def told(*sources: str, **changes: str) -> list[str]:
        return [note for note in ask(loaded, tones, *sources, **changes).notes if "encoder" in note]

    assert told("digit", start="zeros", preset="paper") == []
    (note,) = told("digit", "digit", start="encoder")
    assert note.count("spoken digits") == 1


def test_a_run_is_searched_in_the_windows_that_its_recording_was_laid_out_in(
    loaded: Networks, tones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bssdemo.search import long
    from bssdemo.separation import Run

    ready = ask(loaded, tones, "digit", steps=1)
    monkeypatch.setattr(long, "lay_out", None)  # it would be called again
    assert ready.setup.windows is ready.heard.windows
    assert len(list(Run(ready))) == 2
