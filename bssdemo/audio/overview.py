"""How loud a recording is from its beginning to its end, however long: what a person chooses a part of it by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float

from bssdemo.audio.decode import AudioError
from bssdemo.audio.stream import opened

LONGEST = 1800  # seconds that are looked at
STEP = 0.05  # seconds that one value stands for, at least
PIECE = 1 << 20  # values that are decoded at a time


@dataclass(frozen=True, eq=False)
class Overview:
    """`peaks` are the largest magnitudes in equal parts of the recording, over its channels."""

    seconds: float
    peaks: Float[np.ndarray, " columns"]


def overview(path: Path | str, columns: int, longest: int = LONGEST) -> Overview | None:
    """The first `longest` seconds of a file; None where it cannot be read piece by piece."""
    loud: list[np.ndarray] = []
    try:
        with opened(Path(path), longest) as stream:
            block = max(1, round(STEP * stream.sample_rate))
            for piece in stream.pieces(max(1, PIECE // (block * stream.channels)) * block):
                level = piece.abs().amax(0).numpy()
                loud.append(
                    np.maximum.reduceat(level, np.arange(0, len(level), block)) if len(level) else level
                )
            seconds = stream.frames / stream.sample_rate
    except (AudioError, soundfile.SoundFileError, OSError):
        return None
    return Overview(seconds, peaks_of(np.concatenate(loud), columns)) if loud else None


def peaks_of(levels: Float[np.ndarray, " values"], columns: int) -> Float[np.ndarray, " columns"]:
    """The largest of the values in each of `columns` equal parts."""
    if not len(levels):
        return np.zeros(columns, np.float32)
    return np.maximum.reduceat(levels, np.linspace(0, len(levels), columns, endpoint=False).astype(int))
