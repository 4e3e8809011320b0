"""One frame of the live board, and the one compact string that it is sent as; frame.js reads it back.

A frame is idempotent: it carries everything the board shows (spectrograms, full decimated curves,
numbers), so a lost or skipped frame does no harm. Layout: one line of JSON, a newline, then
characters of a 64-letter alphabet: one per spectrogram cell (64 levels), two per curve point
(4096 levels between the range given in the header, of their logarithms where that range spans `WIDE`).
Four sources and a residual stay below 80 kB.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from bssdemo.ui.session import Kind

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
LEVELS = len(ALPHABET)  # levels of a spectrogram cell
FINE_LEVELS = LEVELS**2  # levels of a curve point
WIDE = 4.0  # largest over smallest value, from which a positive curve has a logarithmic axis
_LETTERS = np.frombuffer(ALPHABET, np.uint8)

# (index of the symbol L, name) of the four terms in the order of search.objective.TERMS, equations 2-5
TERM_NAMES = (
    ("ms", "spectral"),
    ("sd", "dissociation"),
    ("mc", "coherence"),
    ("fc", "frequency"),
)


@dataclass(frozen=True)
class Frame:
    """What the board shows at one moment.

    `spectrograms` are levels 0..63, low frequencies first: the mixture, the explained mixture, then
    one per source and, if `residual`, the residual; all span `duration` seconds of recording. `stems` says
    what the sources' are: raw estimates or refined stems. `curves` hold each source's share of each term at
    `curve_steps`, `total` what is minimised; `marks` are the steps at which a weight was changed by hand;
    `recorded` marks a replay. A frame without sources (`chosen`) shows a recording before its search.
    """

    status: str
    step: int
    steps: int
    seconds: float  # since the search began
    duration: float
    names: tuple[str, ...]
    weights: tuple[float, ...]
    spectrograms: UInt8[np.ndarray, "pictures rows columns"]
    curve_steps: Int[np.ndarray, " points"]
    curves: Float[np.ndarray, "K terms points"]
    total: Float[np.ndarray, " points"]
    marks: tuple[int, ...] = ()
    stems: Kind = "raw"
    residual: bool = False
    recorded: bool = False


def chosen(mixture: UInt8[np.ndarray, "1 rows columns"], duration: float) -> Frame:
    """A recording that waits to be searched."""
    none = np.zeros(0)
    return Frame(
        "chosen", 0, 0, 0.0, duration, (), (), mixture, none.astype(int), none.reshape(0, 4, 0), none
    )


def _range(values: Float[np.ndarray, "*any"]) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return low, high if high > low else low + max(abs(low), 1.0) * 1e-3


def is_wide(low: float, high: float) -> bool:
    """Whether a curve of this range is drawn, and sent, on a logarithmic axis."""
    return low > 0 and high >= WIDE * low


def _quantise(values: Float[np.ndarray, "*any"], low: float, high: float) -> bytes:
    filled = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    if is_wide(low, high):
        filled, low, high = np.log(filled), np.log(low), np.log(high)
    scaled = np.clip((filled - low) / (high - low), 0, 1) * (FINE_LEVELS - 1)
    codes = np.rint(scaled).astype(np.int64).reshape(-1)
    return _LETTERS[np.stack([codes // LEVELS, codes % LEVELS], axis=1)].tobytes()


def encode(frame: Frame) -> str:
    """The frame as a board's value: header line, spectrograms, curves by term, total."""
    _, rows, columns = frame.spectrograms.shape
    ranges = [_range(curves) for curves in frame.curves.swapaxes(0, 1)]
    total_range = _range(frame.total)
    header = {
        "status": frame.status,
        "recorded": frame.recorded,
        "step": frame.step,
        "steps": frame.steps,
        "seconds": round(frame.seconds, 2),
        "duration": round(frame.duration, 3),
        "names": list(frame.names),
        "weights": [round(weight, 4) for weight in frame.weights],
        "rows": rows,
        "columns": columns,
        "at": frame.curve_steps.tolist(),
        "ranges": ranges,
        "totalRange": total_range,
        "logs": [is_wide(*one) for one in (*ranges, total_range)],
        "marks": list(frame.marks),
        "stems": frame.stems,
        "residual": frame.residual,
    }
    parts = [_LETTERS[frame.spectrograms].tobytes()]
    for term, (low, high) in enumerate(ranges):
        parts.append(_quantise(frame.curves[:, term], low, high))
    parts.append(_quantise(frame.total, *total_range))
    return json.dumps(header, separators=(",", ":")) + "\n" + b"".join(parts).decode("ascii")
