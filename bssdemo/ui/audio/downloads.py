"""One stem, or the recording without it, as a file named after the recording: WAV or FLAC."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.session import Kind

Format = Literal["wav", "flac"]
FORMATS = [("WAV", "wav"), ("FLAC", "flac")]


def choices(outcome: Outcome) -> list[tuple[str, str]]:
    """(what a visitor reads, what `write` is asked for): every stem alone, then everything without it."""
    parts = [
        *((label, f"only {at}") for at, label in enumerate(outcome.labels)),
        *((f"All but {label}", f"without {at}") for at, label in enumerate(outcome.labels)),
    ]
    return [(label[0].upper() + label[1:], what) for label, what in parts]


def write(outcome: Outcome, kind: Kind, what: str, form: Format, folder: Path) -> Path:
    """Write one of the `choices` into `folder`.

    Everything without a refined stem is the other stems and the residual; raw stems have no residual.
    Raises ValueError for what is none of the choices.
    """
    if what not in [choice for _, choice in choices(outcome)]:
        raise ValueError("Choose one of the sounds in the list.")
    which, _, number = what.partition(" ")
    at, stems = int(number), list(outcome.stems[kind])
    rest = [*stems[:at], *stems[at + 1 :], *([outcome.residual] if kind == "refined" else [])]
    read = [soundfile.read(file, dtype="int16") for file in ([stems[at]] if which == "only" else rest)]
    total = np.sum([samples.astype(np.int32) for samples, _ in read], axis=0)
    words = [outcome.name, *(["without"] if which == "without" else []), stems[at].stem]
    name = "-".join(words if kind == "refined" else [*words, kind])
    path = folder / f"{name}.{form}"
    soundfile.write(path, np.clip(total, -32_768, 32_767).astype(np.int16), read[0][1], subtype="PCM_16")
    return path
