"""The live board: one gr.HTML whose value is one encoded frame, drawn on canvases in the browser."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources

import gradio as gr

from bssdemo.ui.frame import TERM_NAMES
from bssdemo.ui.picture import kilohertz_ticks

# one script in four parts: Function scope is shared, the last part starts it
_SCRIPTS = ("board_frame.js", "board_draw.js", "board.js", "board_listen.js")
EMPTY = ""  # the value of a board with nothing to show


def asset(name: str) -> str:
    """A text file that ships beside this module."""
    return resources.files("bssdemo.ui").joinpath("assets", name).read_text(encoding="utf-8")


def script(parts: Sequence[str]) -> str:
    """A board's js_on_load: its parts and, before them, the constants they use.

    Constants rather than props: a board first shown when its value is set gets no other prop (Gradio 6.31).
    """
    ticks, terms = json.dumps(kilohertz_ticks()), json.dumps(TERM_NAMES)
    return "\n".join([f"const TICKS = {ticks}, TERMS = {terms};", *map(asset, parts)])


def board(value: str = EMPTY) -> gr.HTML:
    """A board showing the frame `value`; its style is in `board.css`, passed to launch()."""
    return gr.HTML(
        value=value,
        html_template=asset("board.html"),
        js_on_load=script(_SCRIPTS),
        apply_default_css=False,
        elem_id="board",
    )
