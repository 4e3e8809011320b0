"""Sound files in, one window for the search out, and stems back to 16-bit files.

read -> to_mono_16k -> first_window -> to_search_level -> search -> estimates / gain -> write_wav
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from jaxtyping import Float, Int16
from torch import Tensor

from bssdemo.decode import AudioError, Recording, read
from bssdemo.models.wavegan import SAMPLES

__all__ = [
    "SAMPLE_RATE",
    "AudioError",
    "Recording",
    "Window",
    "common_scale",
    "first_window",
    "is_silent",
    "pcm16",
    "read",
    "to_mono_16k",
    "to_search_level",
    "write_wav",
]

SAMPLE_RATE = 16_000
WINDOW_SECONDS = SAMPLES / SAMPLE_RATE  # 1.024

SHORTEST = 800  # samples (50 ms): less holds no sound a prior could explain
SILENCE = 1e-4  # peak around the mean, -80 dB of full scale
ONSET_LEVEL = 0.01  # of the recording's peak (-40 dB): where the sound begins
LEADING_SILENCE = 1_600  # samples (0.1 s); a longer one is skipped when the recording is cut anyway
LEAD_IN = 320  # samples (20 ms) kept before the onset
OUT_OF_PHASE = 1e-3  # the channels' mean has less of the loudest channel's energy: they cancel

# Mean peak of a plain sum of K peak-normalised clips, K = 1..4: 3,000 sums a row with replacement
# from the training split of digits, drums and piano, kinds distinct up to K = 3, then one repeated.
PEAK_OF_SUM = (1.0, 1.25, 1.47, 1.72)
LARGEST_PCM16 = 32_767 / 32_768


@dataclass(frozen=True)
class Window:
    """The 1.024 s of a recording that are separated."""

    audio: Float[Tensor, " samples"]  # 16,384 samples at 16 kHz
    start: float  # seconds into the recording
    recorded: int  # samples that come from the recording; zeros follow
    note: str | None  # in plain words, what was cut or filled


def to_mono_16k(recording: Recording) -> Float[Tensor, " samples"]:
    """Mean of the channels, resampled to 16 kHz; channels that cancel give their loudest instead.

    Raises AudioError when less than 50 ms remain, or only silence.
    """
    channels = recording.samples
    mono = channels.mean(0)
    loudest = channels[channels.square().mean(1).argmax()]
    if mono.square().mean() < OUT_OF_PHASE * loudest.square().mean():
        mono = loudest
    resampled = soxr.resample(mono.numpy(), recording.sample_rate, SAMPLE_RATE)
    samples = torch.from_numpy(np.ascontiguousarray(resampled))
    if len(samples) < SHORTEST:
        raise AudioError(
            f"the recording lasts {recording.seconds:.3f} s; "
            f"at least {SHORTEST / SAMPLE_RATE:.2f} s are needed"
        )
    if is_silent(samples):
        raise AudioError("the recording is silent; choose one with sound in it")
    return samples


def is_silent(audio: Float[Tensor, " samples"]) -> bool:
    """Whether nothing is heard: no sample is further than -80 dB of full scale from the mean."""
    return bool((audio - audio.mean()).abs().max() < SILENCE)


def first_window(mono: Float[Tensor, " samples"]) -> Window:
    """The first 16,384 samples, from the onset if more than 0.1 s of silence lead; zero-padded if short."""
    total = len(mono) / SAMPLE_RATE
    if len(mono) <= SAMPLES:
        filled = torch.nn.functional.pad(mono, (0, SAMPLES - len(mono)))
        missing = f"the rest of the {WINDOW_SECONDS} s window is silence"
        note = f"The recording lasts {total:.2f} s; {missing}." if len(mono) < SAMPLES else None
        return Window(filled, 0.0, len(mono), note)
    onset = int((mono.abs() > ONSET_LEVEL * mono.abs().max()).nonzero()[0])
    start = onset - LEAD_IN if onset > LEADING_SILENCE else 0
    start = min(start, len(mono) - SAMPLES)
    begin = f"from {start / SAMPLE_RATE:.2f} s on, where the sound begins," if start else "at the beginning"
    note = f"Of {total:.2f} s of recording only the {WINDOW_SECONDS} s {begin} are separated."
    return Window(mono[start : start + SAMPLES], start / SAMPLE_RATE, SAMPLES, note)


def to_search_level(mix: Float[Tensor, " samples"], sources: int) -> tuple[Float[Tensor, " samples"], float]:
    """(mix * gain, gain): the peak a plain sum of `sources` peak-normalised clips has on average.

    The search explains sums of peak-normalised clips; divide its estimates by the gain to get back
    to the level of `mix`. Raises AudioError for silence.
    """
    if is_silent(mix):
        raise AudioError("the recording is silent; choose one with sound in it")
    gain = peak_of_sum(sources) / float(mix.abs().max())
    return mix * gain, gain


def peak_of_sum(sources: int) -> float:
    """PEAK_OF_SUM, and beyond its end growing as the root of the number of clips (measured to 8)."""
    measured = min(sources, len(PEAK_OF_SUM))
    return PEAK_OF_SUM[measured - 1] * (sources / measured) ** 0.5


def common_scale(*signals: Float[Tensor, ...]) -> float:
    """The largest factor up to 1 with which none of the signals clips in 16 bits.

    One factor for the mixture and all of its stems keeps their relation, and their sum.
    """
    peak = max((float(signal.abs().max()) for signal in signals), default=0.0)
    return 1.0 if peak <= LARGEST_PCM16 else LARGEST_PCM16 / peak


def pcm16(
    audio: Float[Tensor, "*channels samples"], scale: float = 1.0
) -> Int16[np.ndarray, "*channels samples"]:
    """16-bit samples of `audio * scale`, rounded to nearest; full scale is 32,768 steps."""
    steps = (audio.detach().double() * scale * 32_768).round().clamp(-32_768, 32_767)
    return steps.to(torch.int16).cpu().numpy()


def write_wav(
    path: Path | str,
    audio: Float[Tensor, "*channels samples"],
    sample_rate: int = SAMPLE_RATE,
    scale: float = 1.0,
) -> None:
    """Write a 16-bit WAV of `audio * scale`, mono or one row per channel; `scale` as from `common_scale`."""
    soundfile.write(path, pcm16(audio, scale).T, sample_rate, subtype="PCM_16", format="WAV")
