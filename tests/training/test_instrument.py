"""`data instrument`: tunes by seed, rendered by FluidSynth, which is another's program: a script stands in for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bssdemo.commands.main import main
from bssdemo.data.clips import DataError, load_clips
from bssdemo.training import instrument

FAKE = f"""#!{sys.executable}
import sys, numpy, pretty_midi, soundfile
words = sys.argv[1:]
midi = pretty_midi.PrettyMIDI(words[-1])
assert [part.program for part in midi.instruments] == [40]
soundfile.write(words[words.index("-F") + 1], 0.1 * midi.synthesize(16000)[:64000], 16000)
"""


@pytest.fixture
def fluidsynth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in on the path; gives a sound bank."""
    program = tmp_path / "bin" / "fluidsynth"
    program.parent.mkdir()
    program.write_text(FAKE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    bank = tmp_path / "bank.sf2"
    bank.write_bytes(b"")
    return bank


def test_names_are_those_of_general_midi() -> None:
    assert instrument.named("violin").program == 40
    assert instrument.named("alto-sax").program == 65
    assert instrument.named("Acoustic Grand Piano").several
    with pytest.raises(DataError, match="names no General MIDI instruments; there are: Acoustic Grand"):
        instrument.named("kazoo")
    with pytest.raises(DataError, match="Acoustic Guitar"):
        instrument.named("guitar")


def test_a_tune_stays_in_the_instruments_range_and_is_a_function_of_the_seed() -> None:
    violin = instrument.named("violin")
    first, again, other = (instrument.tune(violin, np.random.default_rng(seed)) for seed in (1, 1, 2))
    notes = [(note.pitch, note.start) for note in first.instruments[0].notes]
    assert notes == [(note.pitch, note.start) for note in again.instruments[0].notes]
    assert notes != [(note.pitch, note.start) for note in other.instruments[0].notes]
    pitches = [pitch for pitch, _ in notes]
    assert violin.lowest <= min(pitches) <= max(pitches) <= violin.highest
    assert len(set(pitches)) > 5
    starts = [start for _, start in notes]
    assert all(
        after - before > 0.01 for before, after in zip(starts, starts[1:], strict=False)
    )  # one at a time
    assert first.get_end_time() >= instrument.SECONDS


def test_recordings_that_a_training_reads(
    fluidsynth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "violin"
    words = ["data", "instrument", "violin", "--out", str(out), "--bank", str(fluidsynth)]
    assert main([*words, "--count", "1"]) == 0
    (first,) = out.iterdir()
    made = first.stat().st_mtime_ns
    assert main([*words, "--count", "2"]) == 0
    assert "train prior violin --data" in capsys.readouterr().out
    assert first.stat().st_mtime_ns == made
    samples, rate = soundfile.read(first)
    assert rate == 16_000
    assert np.abs(samples).max() == pytest.approx(0.95, abs=1e-3)
    assert len(load_clips(out, "violin", "train")) > 2


def test_what_is_missing_is_named(
    fluidsynth: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "instrument", "violin", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(instrument, "BANKS", (tmp_path / "none",))
    assert main(words) == 2
    assert "no sound banks" in capsys.readouterr().err
    assert main([*words, "--bank", str(tmp_path / "other.sf2")]) == 2
    assert "there is no sound bank" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "")
    assert main([*words, "--bank", str(fluidsynth)]) == 2
    assert "apt-get install fluidsynth" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
