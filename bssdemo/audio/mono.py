"""A recording as the search hears it: one channel at 16 kHz, or the one window where its sound begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import soxr
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio import rumble
from bssdemo.audio.decode import AudioError, Recording
from bssdemo.audio.depth import SILENCE
from bssdemo.audio.downmix import downmix
from bssdemo.audio.format import LEAD_IN, SAMPLE_RATE, SAMPLES, WINDOW_SECONDS
from bssdemo.audio.levels import is_silent
from bssdemo.machine import memory

NOTHING = np.zeros(0, np.float32)
SHORTEST = 800  # samples (50 ms): less holds no sound a prior could explain
ONSET_LEVEL = 0.01  # of the recording's peak (-40 dB): where the sound begins
LEADING_SILENCE = 1_600  # samples (0.1 s); a longer one is skipped when the recording is cut anyway
BASS_ALONE = 200.0  # Hz: a subwoofer's channel holds nothing above it ...
BASS_ABOVE = 0.01  # ... or less than this part of its energy
FEWEST_WITH_LOW = 3  # channels: left, right, and a subwoofer's
SURROUND, LOW_PLACE, LOW_PLACE_ABOVE = (6, 7, 8), 3, 0.1  # of 5.1 to 7.1 the fourth channel is a subwoofer's


@dataclass(frozen=True)
class Window:
    """The 1.024 s of a recording that are separated."""

    audio: Float[Tensor, " samples"]  # 16,384 samples at 16 kHz
    start: float  # seconds into the recording
    recorded: int  # samples that come from the recording; zeros follow
    note: str | None  # in plain words, what was cut or filled


def to_mono_16k(recording: Recording) -> Float[Tensor, " samples"]:
    """All channels in one with nothing lost (downmix.py), at 16 kHz, without those for a subwoofer.

    Raises AudioError when less than 50 ms remain, or only silence.
    """
    return _hear(recording, (memory.blocks(channel, rumble.BLOCK) for channel in recording.samples))[0]


def hear(recording: Recording) -> tuple[Float[Tensor, " samples"], tuple[int, ...]]:
    """`to_mono_16k` of what can be heard, above 20 Hz, and the channels that are not in it: a subwoofer's, by the
    file's word or by what they hold."""
    return _hear(recording, (rumble.without(channel, recording.sample_rate) for channel in recording.samples))


def _hear(
    recording: Recording, channels: Iterable[Iterator[Float[Tensor, " block"]]]
) -> tuple[Float[Tensor, " samples"], tuple[int, ...]]:
    seconds = recording.seconds
    if round(seconds * SAMPLE_RATE) < SHORTEST:
        least = SHORTEST / SAMPLE_RATE
        raise AudioError(
            f"the recording lasts {floored(seconds, least)} s; at least {least:.2f} s are needed"
        )
    rows = torch.stack([_resampled(channel, recording.sample_rate) for channel in channels])
    low = tuple(k for k, row in enumerate(rows) if k in recording.low or _is_bass_alone(rows, k))
    heard = [k for k in range(len(rows)) if k not in low]
    if not heard or not rows[heard].any():
        low, heard = (), list(range(len(rows)))
    samples = downmix(rows[heard])
    if is_silent(samples, SILENCE[recording.bits]):
        raise AudioError("the recording is silent; choose one with sound in it")
    return samples, low


def floored(seconds: float, limit: float) -> str:
    """A duration below a limit, with as many decimals as it takes to look it."""
    return next(
        text
        for decimals in (3, 4, 5, 6, 9, 15)
        if float(text := f"{seconds:.{decimals}f}") < limit or decimals == 15
    )


def _resampled(blocks: Iterator[Float[Tensor, " block"]], rate: int) -> Float[Tensor, " resampled"]:
    """A channel that comes block by block; as soxr gives it all at once, to the bit."""
    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
    found = [stream.resample_chunk(block.numpy()) for block in blocks]
    return torch.from_numpy(np.concatenate([*found, stream.resample_chunk(NOTHING, last=True)]))


def _is_bass_alone(rows: Float[Tensor, "channels samples"], k: int) -> bool:
    """Whether one of three or more channels holds (nearly) nothing that a loudspeaker other than a subwoofer plays."""
    if len(rows) < FEWEST_WITH_LOW:
        return False
    power = torch.fft.rfft(rows[k] - rows[k].mean()).abs().square()
    above = power[round(BASS_ALONE * rows.shape[1] / SAMPLE_RATE) :].sum()
    most = LOW_PLACE_ABOVE if len(rows) in SURROUND and k == LOW_PLACE else BASS_ABOVE
    return bool(power.sum() > 0 and above < most * power.sum())


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
