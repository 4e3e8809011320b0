"""Training batches: clips drawn uniformly over classes, varied in ways that keep them in their kind.

Every batch is a function of (seed, step), so a run that was killed goes on exactly as it would have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bssdemo.audio import SAMPLE_RATE
from bssdemo.audio.format import SAMPLES
from bssdemo.data.clips import Clips, peak_normalised


@dataclass(frozen=True)
class Augmentation:
    """Ranges to draw from; zero turns one off."""

    speed: float = 0.06  # playback rate in [1 / (1 + speed), 1 + speed]: pitch and length together
    tilt_db: float = 3.0  # spectral slope in [-tilt, tilt] dB per octave around 1 kHz
    onset_seconds: float = 0.05  # later start, for clips that begin at their onset
    overlay: float = 0.0  # probability of adding a second clip of the kind, 0 to 12 dB lower
    crop: bool = False  # start anywhere inside a recording of consecutive slices


RECIPES: dict[str, Augmentation] = {
    "digit": Augmentation(speed=0.08, tilt_db=2.0),
    "drums": Augmentation(speed=0.12, tilt_db=3.0, overlay=0.1),
    "piano": Augmentation(speed=0.03, tilt_db=2.0, onset_seconds=0.0, crop=True),
}


def _source(clips: Clips, row: int, augmentation: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """One window, int16 -> float; with `crop`, at a random offset over the seam to the next slice."""
    window = clips.audio[row].astype(np.float32)
    if augmentation.crop and row + 1 < len(clips) and clips.follows[row + 1]:
        offset = int(rng.integers(SAMPLES))
        window = np.concatenate([window[offset:], clips.audio[row + 1][:offset].astype(np.float32)])
    return window


def _vary(window: np.ndarray, augmentation: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Speed (band-limited resampling) and tilt in one pass through the spectrum, then the onset shift."""
    rate = (1 + augmentation.speed) ** rng.uniform(-1, 1)
    length = round(SAMPLES / rate / 64) * 64  # a multiple of 64 keeps the inverse FFT fast
    frequency = np.fft.rfftfreq(SAMPLES, 1 / SAMPLE_RATE)
    slope = rng.uniform(-augmentation.tilt_db, augmentation.tilt_db)
    tilt = 10 ** (slope * np.log2(np.maximum(frequency, 60.0) / 1000.0) / 20)
    varied = np.fft.irfft(np.fft.rfft(window) * tilt, length)  # irfft crops or pads the spectrum
    lead = int(rng.uniform(0, augmentation.onset_seconds) * SAMPLE_RATE)
    out = np.zeros(SAMPLES, dtype=np.float32)
    kept = min(length, SAMPLES - lead)
    out[lead : lead + kept] = varied[:kept]
    return out


def draw_batch(clips: Clips, size: int, augmentation: Augmentation, seed: int, step: int) -> np.ndarray:
    """float32 (size, 16384), every clip peak-normalised; the same for the same (seed, step)."""
    rng = np.random.default_rng([seed, step])
    classes = [np.flatnonzero(clips.label == label) for label in np.unique(clips.label)]
    if augmentation.crop:  # recordings differ in length: draw slices, not recordings
        classes = [np.arange(len(clips))]

    def one() -> np.ndarray:
        rows = classes[rng.integers(len(classes))]
        window = _source(clips, int(rng.choice(rows)), augmentation, rng)
        return peak_normalised(_vary(window, augmentation, rng)[None])[0]

    def example() -> np.ndarray:
        audio = one()
        if rng.random() < augmentation.overlay:
            audio = audio + one() * 10 ** (-rng.uniform(0, 12) / 20)
        return audio

    return peak_normalised(np.stack([example() for _ in range(size)]))
