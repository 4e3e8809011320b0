"""Sounds as people bring them: clips of a kind from all its sets, varied as rooms, microphones and players vary them.

A kind may have several sets (drums: single hits and grooves). Every batch is a function of (seed, step).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from bssdemo.audio.format import SAMPLE_RATE, SAMPLES
from bssdemo.data.clips import Clips, DataError, Split, is_there, load_clips, peak_normalised

# kind -> the sets it is drawn from, each equally often
SETS: Mapping[str, tuple[str, ...]] = {
    "speech": ("speech", "speech", "digit"),
    "drums": ("drums", "groove", "groove"),
    "piano": ("piano", "piano-more"),
    "guitar": ("guitar",),
    "bass": ("bass",),
    "strings": ("strings",),
    "digit": ("digit",),
}

# kind -> the set whose test split stands for what people bring, where it is not the one of the paper's tables
PEOPLE: Mapping[str, str] = {"drums": "groove", "piano": "piano-more"}


@dataclass(frozen=True)
class Variety:
    """How a clip is varied; each by its own coin, each within what happens to recordings."""

    room: float = 0.4  # probability of reverberation, RT60 0.1 to 0.7 s
    tilt_db: float = 4.0  # spectral slope in [-tilt, tilt] dB per octave around 1 kHz
    band: float = 0.2  # probability of an upper band limit at 3.2 to 7.5 kHz, as of telephones and codecs
    speed: float = 0.05  # playback rate in [1 / (1 + speed), 1 + speed]: pitch and length together
    noise: float = 0.2  # probability of a noise floor, 30 to 60 dB below the clip's peak
    late: float = 0.15  # probability that the sound begins up to half a second late


@runtime_checkable
class Sounds(Protocol):
    """Whatever sounds of one kind can be drawn from."""

    def draw(self, size: int, variety: Variety, rng: np.random.Generator) -> np.ndarray:
        """float32 (size, 16384), peak-normalised."""
        ...


@dataclass(frozen=True)
class Kind:
    """The clips of one kind by set."""

    sets: Sequence[Clips]

    def draw(self, size: int, variety: Variety, rng: np.random.Generator) -> np.ndarray:
        """float32 (size, 16384), peak-normalised."""
        return np.stack([self._one(variety, rng) for _ in range(size)])

    def _one(self, variety: Variety, rng: np.random.Generator) -> np.ndarray:
        clips = self.sets[int(rng.integers(len(self.sets)))]
        row = int(rng.integers(len(clips)))
        window = clips.audio[row].astype(np.float32)
        if row + 1 < len(clips) and clips.follows[row + 1]:
            offset = int(rng.integers(SAMPLES))
            window = np.concatenate([window[offset:], clips.audio[row + 1][:offset].astype(np.float32)])
        return peak_normalised(vary(window / 32_768, variety, rng)[None])[0]


def load_kind(data: Path, name: str, split: Split) -> Kind:
    """All sets of a kind that lie in `data`; a kind of one's own is the folder of its name.

    Raises DataError when there is none.
    """
    found, missing = [], []
    sets = SETS.get(name, (name,))
    for one in [one for one in sets if is_there(data, one)] or [name]:
        try:
            found.append(_clips(data, one, split))
        except DataError as error:
            missing.append(str(error))
    if not found:
        raise DataError(missing[0])
    return Kind(found)


def lies_in(data: Path, name: str) -> bool:
    """Whether `data` holds recordings that are called so: a folder of them alone is of one kind, not of every kind."""
    return any(is_there(data, one) for one in SETS.get(name, (name,)))


_clips = lru_cache(maxsize=64)(load_clips)  # a set may belong to several kinds


def vary(window: np.ndarray, variety: Variety, rng: np.random.Generator) -> np.ndarray:
    """One clip of 16,384 samples, varied: speed, tilt, band and room in one pass through its spectrum."""
    rate = (1 + variety.speed) ** rng.uniform(-1, 1)
    length = round(SAMPLES / rate / 64) * 64  # a multiple of 64 keeps the inverse FFT fast
    spectrum = np.fft.rfft(window)
    hertz = np.fft.rfftfreq(SAMPLES, 1 / SAMPLE_RATE)
    slope = rng.uniform(-variety.tilt_db, variety.tilt_db)
    spectrum = spectrum * 10 ** (slope * np.log2(np.maximum(hertz, 60.0) / 1000.0) / 20)
    if rng.random() < variety.band:
        edge = rng.uniform(3_200, 7_500)
        spectrum = spectrum / np.sqrt(1 + (hertz / edge) ** 16)
    varied = np.fft.irfft(spectrum, length)  # irfft crops or pads the spectrum: band-limited resampling
    out = np.zeros(SAMPLES, dtype=np.float32)
    kept = min(length, SAMPLES)
    out[:kept] = varied[:kept]
    if rng.random() < variety.room:
        out = _in_a_room(out, rng)
    if rng.random() < variety.late:
        lead = int(rng.uniform(0, 0.5) * SAMPLE_RATE)
        out = np.concatenate([np.zeros(lead, np.float32), out[: SAMPLES - lead]])
    if rng.random() < variety.noise:
        floor = np.abs(out).max() * 10 ** (-rng.uniform(30, 60) / 20)
        out = out + (floor * rng.standard_normal(SAMPLES)).astype(np.float32)
    return out.astype(np.float32)


def _in_a_room(dry: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exponentially decaying noise after the direct sound, 3 to 15 dB below it in energy."""
    time = np.arange(int(0.4 * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / rng.uniform(0.1, 0.7))
    tail[: int(rng.uniform(0.001, 0.02) * SAMPLE_RATE)] = 0
    tail *= 10 ** (-rng.uniform(3, 15) / 20) / np.sqrt((tail**2).sum() + 1e-9)
    tail[0] = 1.0
    size = 32_768
    return np.fft.irfft(np.fft.rfft(dry, size) * np.fft.rfft(tail, size), size)[:SAMPLES].astype(np.float32)


@dataclass(frozen=True)
class Among:
    """How a source is mixed with others."""

    gain_db: float = 5.0  # standard deviation of each source's gain
    most_db: float = 12.0  # and its largest


def draw_mixture(
    kinds: Mapping[str, Sounds],
    names: Sequence[str],
    among: Among,
    variety: Variety,
    rng: np.random.Generator,
) -> np.ndarray:
    """float32 (K, 16384): the sources of one mixture, one clip of each name, at their gains."""
    clips = np.concatenate([kinds[name].draw(1, variety, rng) for name in names])
    gains = np.clip(rng.normal(0, among.gain_db, len(names)), -among.most_db, among.most_db)
    return clips * (10 ** (gains / 20)).astype(np.float32)[:, None]
