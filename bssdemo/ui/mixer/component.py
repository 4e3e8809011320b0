"""The mixer: every sound of one separation on one transport, with solo, mute, volume, a loop and downloads.

A gr.HTML whose value names the tracks: a file each, which Gradio serves, and its waveform in a few letters. The
browser fetches the sounds when somebody wants to hear them, and plays them with Web Audio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gradio as gr
import numpy as np
import soundfile
from jaxtyping import Float

from bssdemo.audio.overview import peaks_of
from bssdemo.ui.board.frame import ALPHABET, LEVELS
from bssdemo.ui.texts import asset

HERE = "bssdemo.ui.mixer"
Role = Literal["mixture", "stem", "residual", "truth"]
EMPTY: dict[str, Any] = {"name": "", "tracks": []}  # the value of a mixer with nothing to play
COLUMNS = 240  # of a waveform
_SCRIPTS = ("engine.js", "lanes.js", "mixer.js")  # one script in parts: they share the function's scope
_LETTERS = np.frombuffer(ALPHABET, np.uint8)


@dataclass(frozen=True)
class Track:
    """One sound; the k-th truth belongs to the k-th stem. `saved` is what its file is called when downloaded."""

    role: Role
    label: str
    file: Path
    saved: str


def value_of(name: str, tracks: Sequence[Track], title: str = "") -> dict[str, Any]:
    """The mixer's value for these sounds of the recording `name`; their waveforms are on one scale.

    `title` is the line above them; without one it is the name.
    """
    read = [soundfile.read(track.file, dtype="float32", always_2d=True) for track in tracks]
    waves = [peaks(samples) for samples, _ in read]
    loudest = max((float(wave.max()) for wave in waves), default=0.0) or 1.0
    return {
        "name": name,
        "title": title or name,
        "seconds": round(max((len(samples) / rate for samples, rate in read), default=0.0), 4),
        "tracks": [
            {
                "role": track.role,
                "label": track.label,
                "saved": track.saved,
                "wave": letters(wave / loudest),
                "file": gr.FileData(path=str(track.file), orig_name=track.saved).model_dump(),
            }
            for track, wave in zip(tracks, waves, strict=True)
        ],
    }


def mixer(value: dict[str, Any], title: str, identity: str | None = None) -> gr.HTML:
    """A mixer called `title`, for screen readers; its style is in `mixer.css`, passed to launch()."""
    return gr.HTML(
        value=value,
        html_template=asset(HERE, "mixer.html").replace("TITLE", title),
        js_on_load="\n".join(asset(HERE, script) for script in _SCRIPTS),
        apply_default_css=False,
        elem_id=identity,
        elem_classes="mixer",
    )


def peaks(
    samples: Float[np.ndarray, "samples channels"], columns: int = COLUMNS
) -> Float[np.ndarray, " columns"]:
    """The largest magnitude in each of `columns` equal parts of a sound, over its channels."""
    return peaks_of(np.abs(samples).max(axis=1), columns)


def letters(levels: Float[np.ndarray, " columns"]) -> str:
    """Values from 0 to 1 as one letter each, of the board's alphabet."""
    steps = np.clip(np.rint(levels * (LEVELS - 1)), 0, LEVELS - 1).astype(np.int64)
    return _LETTERS[steps].tobytes().decode("ascii")
