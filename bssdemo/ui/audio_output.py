"""Values for the page's fixed set of audio players."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr
import numpy as np

from bssdemo.audio import SAMPLE_RATE
from bssdemo.ui.job import MOST_SOURCES


def player(label: str, sound: np.ndarray | Path) -> gr.Audio:
    """A visible player: of 16-bit samples, whose level is kept, or of a file."""
    value = str(sound) if isinstance(sound, Path) else (SAMPLE_RATE, sound)
    return gr.Audio(value=value, label=label, visible=True)


def hidden() -> gr.Audio:
    """An empty player that is not shown."""
    return gr.Audio(value=None, visible=False)


def players(sounds: Sequence[tuple[str, np.ndarray | Path]]) -> list[gr.Audio]:
    """The mixture's and the stems' players: the named ones shown, the rest hidden."""
    shown = [player(label, sound) for label, sound in sounds]
    return shown + [hidden() for _ in range(1 + MOST_SOURCES - len(shown))]
