"""A long recording in stretches: it adds up to the whole, without seams, whatever is silent or stopped in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bssdemo import audio
from bssdemo.audio import stream
from bssdemo.commands import main
from bssdemo.separation import Networks, Request, Run, files, prepare, read, stretches
from bssdemo.separation.whole import Growing

RATE = 8_000
ASKED = Request(("digit", "piano"), steps=1, start="zeros", gain="fixed")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A stereo recording of so many seconds, a tone with a second of silence in every three; `quiet` seconds first."""

    def made(seconds: float, quiet: float = 0.0, name: str = "long.wav") -> Path:
        time = np.arange(round(RATE * seconds)) / RATE
        tone = 0.4 * np.sin(2 * np.pi * 440 * time) * (time % 3 < 2) * (time >= quiet)
        soundfile.write(tmp_path / name, np.stack([tone, -0.3 * tone], 1), RATE)
        return tmp_path / name

    return made


def separated(file: Path, priors: Networks, out: Path, **options: object) -> stretches.Progress:
    *_, last = stretches.separate(file, ASKED, priors, out, 3600, **options)  # type: ignore[arg-type]
    assert last.written is not None
    return last


def steps(file: Path) -> np.ndarray:
    return soundfile.read(file, dtype="int16", always_2d=True)[0].astype(int)


def test_a_stretch_that_is_all_there_is_gives_what_a_run_gives(
    write: Callable[..., Path], priors: Networks, tmp_path: Path
) -> None:
    file = write(3.0)
    run = Run(prepare(read(file), ASKED, priors))
    for _ in run:
        pass
    plain = files.write(run.result(), tmp_path / "plain")
    long = separated(file, priors, tmp_path / "out").written
    assert long is not None
    assert [one.name for one in long.all] == [one.name for one in plain.all]
    for mine, theirs in zip(long.sounds, plain.sounds, strict=True):
        assert mine.read_bytes() == theirs.read_bytes(), mine.name
    assert long.losses.read_bytes() == plain.losses.read_bytes()


def test_stems_and_residual_add_up_across_the_seams(
    write: Callable[..., Path], priors: Networks, tmp_path: Path
) -> None:
    file = write(43.3, quiet=23.0)  # the first stretch is silent, the third one short
    told = separated(file, priors, tmp_path / "out")
    written = told.written
    assert written is not None
    mixture = steps(written.mixture)
    assert len(mixture) == round(43.3 * RATE)
    assert np.abs(mixture - steps(file)).max() <= 1
    parts = sum(steps(one) for one in (*written.stems, written.residual))
    assert np.abs(parts - mixture).max() <= 3
    assert all(len(steps(raw)) == round(43.3 * 16_000) for raw in written.raw)
    assert np.abs(steps(written.stems[0])[: 19 * RATE]).max() == 0  # nobody searched in silence
    report = json.loads(written.report.read_text())
    assert report["mixture"]["seconds"] == 43.3
    assert [one["starts_seconds"] for one in report["stretches"]] == [20, 40]
    assert report["mixture"]["window_starts_seconds"][0] == 20.0
    assert report["mixture"]["window_starts_seconds"] == sorted(report["mixture"]["window_starts_seconds"])
    assert "43 s are separated in stretches of 20 s." in told.notes
    assert written.figure.is_file()


def test_a_channel_that_the_file_calls_a_subwoofers_is_searched_in_no_stretch(
    priors: Networks, tmp_path: Path
) -> None:
    """A full-range sound there, so that only the file's word tells it."""
    sound = np.random.default_rng(0).normal(0, 0.1, (22 * RATE, 6))
    soundfile.write(tmp_path / "surround.flac", sound, RATE)
    told = separated(tmp_path / "surround.flac", priors, tmp_path / "out")
    assert told.written is not None
    stems = [steps(stem) for stem in told.written.stems]
    assert [k for k in range(6) if not any(stem[:, k].any() for stem in stems)] == [3]
    assert np.abs(steps(told.written.residual)[:, 3] - steps(told.written.mixture)[:, 3]).max() <= 1
    assert "Channel 4 is a subwoofer's: nothing is searched there, it stays in the residual." in told.notes


def test_a_long_recording_whose_length_was_never_written_is_read_to_its_end(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    content = bytearray(write(70.0).read_bytes())
    (tmp_path / "killed.wav").write_bytes(content[:4] + bytes(4) + content[8:40] + bytes(4) + content[44:])
    assert stretches.needed(tmp_path / "killed.wav", "gan", 3600)
    with stream.opened(tmp_path / "killed.wav", 3600) as recording:
        assert recording.frames == 70 * RATE
        assert recording.note == audio.decode.UNFINISHED
        read = torch.cat(list(recording.pieces(20 * RATE)), 1)
    assert torch.equal(read, audio.read(tmp_path / "long.wav").samples)


@pytest.mark.parametrize("subtype", ["PCM_24", "FLOAT"])
def test_the_depth_of_a_long_recording_is_kept(priors: Networks, tmp_path: Path, subtype: str) -> None:
    time = np.arange(22 * RATE) / RATE
    soundfile.write(tmp_path / "fine.wav", 1e-3 * np.sin(2 * np.pi * 440 * time), RATE, subtype=subtype)
    written = separated(tmp_path / "fine.wav", priors, tmp_path / "out").written
    assert written is not None
    assert {soundfile.info(file).subtype for file in written.sounds} == {subtype}
    assert json.loads(written.report.read_text())["output"]["format"] == subtype
    mixture, *parts = (
        soundfile.read(file)[0] for file in (written.mixture, *written.stems, written.residual)
    )
    np.testing.assert_allclose(np.sum(parts, 0), mixture, rtol=0, atol=4 * 2**-23)


def test_silence_is_refused_and_leaves_nothing(
    write: Callable[..., Path], priors: Networks, tmp_path: Path
) -> None:
    with pytest.raises(audio.AudioError, match="the recording is silent"):
        separated(write(25.0, quiet=25.0), priors, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_stop_keeps_what_was_separated(
    write: Callable[..., Path], priors: Networks, tmp_path: Path
) -> None:
    asked = iter(range(100))
    told = separated(write(50.0), priors, tmp_path / "out", stop=lambda: next(asked) >= 1)
    assert told.ending == "stopped"
    assert told.seconds == 41
    assert told.written is not None
    assert len(steps(told.written.mixture)) == 41 * RATE


def test_the_recording_is_never_overwritten(
    write: Callable[..., Path], priors: Networks, tmp_path: Path
) -> None:
    file = write(2.0, name="mixture.wav")
    before = file.read_bytes()
    with pytest.raises(ValueError, match="would be overwritten"):
        separated(file, priors, tmp_path)
    assert file.read_bytes() == before


def test_pieces_with_overlaps_are_the_file(write: Callable[..., Path]) -> None:
    file = write(7.0)
    whole = audio.read(file).samples
    for length, overlap in ((RATE, 0), (2 * RATE, RATE), (3 * RATE + 1, 7), (7 * RATE, RATE), (9 * RATE, 1)):
        with stream.opened(file, 100) as recording:
            pieces = list(recording.pieces(length, overlap))
        assert all(
            torch.equal(one[:, length:], two[:, :overlap])
            for one, two in zip(pieces, pieces[1:], strict=False)
        )
        assert torch.equal(torch.cat([*(one[:, :length] for one in pieces[:-1]), pieces[-1]], 1), whole)
        assert len(pieces) == 1 or pieces[-1].shape[1] > overlap
    with stream.opened(file, 2) as recording:
        assert recording.note == "Only the first 2 s of the recording were read."
        assert recording.frames == 2 * RATE


@pytest.mark.parametrize("block", [7, 30, 225, 250])
def test_a_growing_sound_is_its_pieces_without_seams(tmp_path: Path, block: int) -> None:
    sound = torch.randn(2, 1000, generator=torch.Generator().manual_seed(0))
    growing = Growing(tmp_path / "sound", 2, 50)
    for start in range(0, 1000, 200):
        piece = sound[:, start : start + 250]
        growing.begin(piece.shape[1])
        for part in piece.split(block, 1):
            growing.add(part)
    growing.end()
    torch.testing.assert_close(torch.cat(list(growing.blocks()), 1), sound, rtol=0, atol=1e-6)
    assert growing.samples == 1000
    assert growing.peak == pytest.approx(float(sound.abs().max()))


def test_what_is_short_or_has_no_names_stays_in_one_piece(write: Callable[..., Path]) -> None:
    short, long = write(59.0, name="short.wav"), write(61.0)
    assert not stretches.needed(short, "gan", 3600)
    assert stretches.needed(long, "gan", 3600)
    assert not stretches.needed(long, "gan", 60)
    assert not stretches.needed(long, "nmf", 3600)


def test_many_values_are_stretches_too(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "wide.wav", np.zeros((20 * 96_000, 8), np.float32), 96_000)
    assert stretches.needed(tmp_path / "wide.wav", "gan", 60)


def test_the_command_takes_a_long_recording(
    write: Callable[..., Path], tiny_checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["separate", str(write(62.0)), "--sources", "digit,piano", "--steps", "1", "--start", "zeros"]
    words += ["--checkpoints", str(tiny_checkpoints), "--out", str(tmp_path / "out"), "--max-seconds", "3600"]
    assert main.main(words) == 0
    assert "62 s are separated in stretches of 20 s." in capsys.readouterr().out
    assert len(steps(tmp_path / "out" / "piano.wav")) == 62 * RATE
