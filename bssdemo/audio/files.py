"""Sound to WAV files of 16 bits, 24 bits or floats; several of one recording share one scale."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
import torch
from jaxtyping import Float, Int16
from torch import Tensor

from bssdemo.audio.depth import SUBTYPE
from bssdemo.audio.format import SAMPLE_RATE
from bssdemo.machine import memory

LARGEST_PCM16 = 32_767 / 32_768
LARGEST_WAV = 2**32 - 2**16  # bytes; most programs read an RF64 too
PROBE = 1 << 16  # bytes that are tried where libsndfile could not write
BLOCK = 1 << 20  # samples converted at a time


def peak_of(signal: Float[Tensor, ...]) -> float:
    """The largest magnitude of a sample."""
    if not signal.numel():
        return 0.0
    return max(max(float(block.max()), -float(block.min())) for block in memory.blocks(signal, BLOCK))


def scale_for(peak: float) -> float:
    """The largest factor up to 1 with which a signal of this peak does not clip in 16 bits."""
    return 1.0 if peak <= LARGEST_PCM16 else LARGEST_PCM16 / peak


def common_scale(*signals: Float[Tensor, ...]) -> float:
    """The largest factor up to 1 with which none of the signals clips in 16 bits.

    One factor for the mixture and all of its stems keeps their relation, and their sum.
    """
    return scale_for(max(map(peak_of, signals), default=0.0))


def pcm16(
    audio: Float[Tensor, "*channels samples"], scale: float = 1.0
) -> Int16[np.ndarray, "*channels samples"]:
    """16-bit samples of `audio * scale`, rounded to nearest; full scale is 32,768 steps."""
    return _steps(audio, scale, 16).to(torch.int16).cpu().numpy()


def _steps(audio: Tensor, scale: float, bits: int) -> Tensor:
    full = 2 ** (bits - 1)
    return (audio.detach().double() * scale * full).round().clamp(-full, full - 1)


def _samples(audio: Tensor, scale: float, bits: int) -> np.ndarray:
    """As libsndfile wants them: integers fill their type from the top, floats are as they are."""
    if bits == 16:
        return pcm16(audio, scale)
    if bits == 24:
        return (_steps(audio, scale, 24) * 256).to(torch.int32).cpu().numpy()
    return (audio.detach() * scale).float().cpu().numpy()


@contextmanager
def writing(
    path: Path | str,
    channels: int,
    sample_rate: int = SAMPLE_RATE,
    scale: float = 1.0,
    bits: int = 16,
    samples: int = 0,
) -> Iterator[Callable[[Tensor], None]]:
    """A new WAV, and a function that appends (channels, n) samples times `scale` to it; `bits` as in depth.py.

    `samples`: how many will come, where they may be more than a WAV holds: then it is an RF64.
    Raises OSError, which says why: libsndfile calls a full disk a "system error".
    """
    form = "RF64" if samples * channels * bits // 8 > LARGEST_WAV else "WAV"
    with (
        path_told(path),
        soundfile.SoundFile(path, "w", sample_rate, channels, subtype=SUBTYPE[bits], format=form) as file,
    ):

        def append(block: Tensor) -> None:
            file.write(_samples(block, scale, bits).T)

        yield append


@contextmanager
def path_told(path: Path | str) -> Iterator[None]:
    """libsndfile's errors as OSErrors of this file."""
    try:
        yield
    except soundfile.LibsndfileError as error:
        with Path(path).open("ab") as file:  # Python's own error says why
            file.write(bytes(PROBE))
            file.flush()
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path)) from error


def write_wav(
    path: Path | str,
    audio: Float[Tensor, "*channels samples"],
    sample_rate: int = SAMPLE_RATE,
    scale: float = 1.0,
    bits: int = 16,
) -> None:
    """Write a WAV of `audio * scale`, mono or one row per channel; `scale` as from `common_scale`."""
    rows = audio if audio.dim() > 1 else audio[None]
    with writing(path, len(rows), sample_rate, scale, bits) as append:
        for block in memory.blocks(rows, BLOCK):
            append(block)
