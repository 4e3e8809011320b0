"""Which part of a recording is taken apart: its waveform, a window that is dragged over it, and two numbers.

A gr.HTML whose value says what there is to choose from; the browser writes `start` and `end` into it.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from bssdemo.audio.overview import Overview
from bssdemo.separation.heard import MOST_SECONDS
from bssdemo.ui.board.frame import ALPHABET
from bssdemo.ui.mixer.component import letters
from bssdemo.ui.session import WHOLE, Part
from bssdemo.ui.texts import asset

HERE = "bssdemo.ui.cut"
COLUMNS = 300  # of the waveform
SHORTEST = 1.0  # seconds that may be chosen
EMPTY: dict[str, Any] = {"seconds": 0.0}  # nothing to choose from


def value_of(overview: Overview) -> dict[str, Any]:
    """All of the recording, or as much of its beginning as may be chosen; nothing for what is too short to cut."""
    if overview.seconds < 2 * SHORTEST:
        return EMPTY
    loudest = float(overview.peaks.max()) or 1.0
    return {
        "seconds": round(overview.seconds, 3),
        "wave": letters(overview.peaks / loudest),
        "least": SHORTEST,
        "most": MOST_SECONDS,
        "start": 0.0,
        "end": round(min(overview.seconds, MOST_SECONDS), 3),
    }


def part_of(value: dict[str, Any] | None) -> Part:
    """The part that a value asks for, whatever a browser has written into it."""
    told = value or EMPTY
    whole = float(told.get("seconds") or 0.0)
    if whole <= 0:
        return WHOLE
    start = min(max(float(told.get("start") or 0.0), 0.0), whole - SHORTEST)
    end = float(told.get("end") or whole)
    length = min(max(end - start, SHORTEST), float(MOST_SECONDS), whole - start)
    if start == 0 and length >= min(whole, MOST_SECONDS) - 0.01:
        return WHOLE
    return Part(round(start, 3), round(length, 3))


def cut() -> gr.HTML:
    """Nothing to choose from yet; its style is in `cut.css`, passed to launch()."""
    return gr.HTML(
        value=EMPTY,
        html_template=asset(HERE, "cut.html"),
        js_on_load=f"const ALPHABET = '{ALPHABET.decode()}';\n{asset(HERE, 'cut.js')}",
        apply_default_css=False,
        elem_id="cut",
    )
