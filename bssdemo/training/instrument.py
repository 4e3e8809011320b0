"""Recordings of a General MIDI instrument, rendered: tunes made up here, played by FluidSynth from sound banks.

They train a prior of an instrument that nobody has recordings of. The tunes wander over a scale in phrases, with
rests, chords, and changing loudness; they are a function of the seed. FluidSynth and the banks are other packages:
whoever wants them installs them.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from bssdemo.audio.format import SAMPLE_RATE
from bssdemo.data.clips import DataError
from bssdemo.machine.files import aside

if TYPE_CHECKING:
    from pretty_midi import PrettyMIDI

BANKS = (Path("/usr/share/sounds/sf2"), Path("/usr/share/sounds/sf3"))  # where Debian puts them
SECONDS = 20.0  # of a tune
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 7, 10))
# first program of a family of eight -> lowest and highest note; others play from C3 to C6
RANGES = {32: (28, 55), 40: (48, 88), 56: (46, 82), 64: (44, 84), 72: (60, 96)}
USUAL = (48, 84)
LONGEST_RENDERING = 120.0  # seconds that FluidSynth may take
WHERE = "on Debian and Ubuntu: apt-get install fluidsynth fluid-soundfont-gm timgm6mb-soundfont"


@dataclass(frozen=True)
class Instrument:
    """A General MIDI program (0 to 127), and the notes that it plays."""

    name: str
    program: int
    lowest: int
    highest: int

    @property
    def several(self) -> bool:
        """Whether it plays chords: keyboards, guitars, and ensembles."""
        return self.program // 8 in (0, 1, 2, 3, 6, 11, 12)


def named(name: str) -> Instrument:
    """The General MIDI instrument that is called so, or whose name alone holds all of these words.

    Raises DataError with the names there are.
    """
    from pretty_midi.constants import INSTRUMENT_MAP

    words = name.lower().replace("-", " ").replace("_", " ").split()
    exact = [one for one in INSTRUMENT_MAP if one.lower().split() == words]
    found = exact or [one for one in INSTRUMENT_MAP if words and all(word in one.lower() for word in words)]
    if len(found) != 1:
        some = ", ".join(found or INSTRUMENT_MAP)
        raise DataError(f"{name!r} names {len(found) or 'no'} General MIDI instruments; there are: {some}")
    program = INSTRUMENT_MAP.index(found[0])
    return Instrument(found[0], program, *RANGES.get(program // 8 * 8, USUAL))


def banks() -> list[Path]:
    """The sound banks on this machine, each once."""
    found = [bank for place in BANKS for bank in sorted(place.glob("*.sf[23]"))]
    return list({bank.resolve(): bank for bank in found}.values())


def tune(instrument: Instrument, rng: np.random.Generator, seconds: float = SECONDS) -> PrettyMIDI:
    """A tune as MIDI: phrases of two to nine notes within a scale, a step or a leap at a time."""
    from pretty_midi import Instrument as Part
    from pretty_midi import Note, PrettyMIDI

    part = Part(program=instrument.program)
    scale = SCALES[int(rng.integers(len(SCALES)))]
    key, beat = int(rng.integers(12)), float(rng.uniform(0.25, 0.75))
    notes = [n for n in range(instrument.lowest, instrument.highest + 1) if (n - key) % 12 in scale]
    at, place = 0.0, int(rng.integers(len(notes)))
    while at < seconds:
        loudness = rng.uniform(45, 110)
        for _ in range(int(rng.integers(2, 10))):
            length = beat * float(rng.choice([0.25, 0.5, 0.5, 1, 1, 1.5, 2]))
            place = int(np.clip(place + rng.choice([-5, -2, -1, -1, 1, 1, 2, 4]), 0, len(notes) - 1))
            chord = (0, 2, 4)[: int(rng.choice([1, 1, 2, 3]))] if instrument.several else (0,)
            for above in (place + step for step in chord if place + step < len(notes)):
                velocity = int(np.clip(loudness + rng.normal(0, 8), 20, 127))
                late = float(rng.uniform(0, 0.012))
                part.notes.append(
                    Note(velocity, notes[above], at + late, at + length * rng.uniform(0.7, 1.05))
                )
            at += length
        at += beat * float(rng.choice([0, 0.5, 1, 2]))
    made = PrettyMIDI()
    made.instruments.append(part)
    return made


def render(
    instrument: Instrument, sound_banks: Sequence[Path], count: int, out: Path, seed: int = 0
) -> Iterator[Path]:
    """`count` tunes, bank after bank in turn, as FLAC files in `out`; each as it is written, or was before.

    Raises DataError where FluidSynth or the banks are missing, or a bank cannot be played.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        raise DataError(f"FluidSynth is not installed; {WHERE}")
    if not sound_banks:
        raise DataError(f"there are no sound banks in {BANKS[0]}; name one with --bank, or {WHERE}")
    for bank in sound_banks:
        if not bank.is_file():
            raise DataError(f"there is no sound bank {bank}")
    out.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        bank = sound_banks[number % len(sound_banks)]
        file = out / f"{bank.stem}-{number:04d}.flac"
        if not file.exists():
            midi = tune(instrument, np.random.default_rng([seed, instrument.program, number]))
            samples = _played(program, bank, midi)
            with aside(file) as partial:
                soundfile.write(partial, samples, SAMPLE_RATE, format="FLAC")
        yield file


def _played(program: str, bank: Path, midi: PrettyMIDI) -> np.ndarray:
    """float32 (samples,), its peak 0.95."""
    with tempfile.TemporaryDirectory() as folder:
        notes, sound = Path(folder) / "notes.mid", Path(folder) / "take.wav"
        midi.write(str(notes))
        words = [program, "-ni", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(SAMPLE_RATE), "-F", str(sound)]
        try:
            done = subprocess.run(
                [*words, str(bank), str(notes)], capture_output=True, text=True, timeout=LONGEST_RENDERING,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise DataError(f"FluidSynth did not finish a tune with {bank.name}") from error
        if done.returncode or not sound.is_file():
            raise DataError(f"FluidSynth cannot play {bank.name}: {done.stderr.strip()[-200:]}")
        samples, _ = soundfile.read(sound, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    peak = float(np.abs(mono).max(initial=0.0))
    if peak == 0:
        raise DataError(f"{bank.name} has no sound for this instrument")
    return (0.95 / peak * mono).astype(np.float32)
