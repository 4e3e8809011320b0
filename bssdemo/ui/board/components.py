"""What draws: the live board, and one method's components side by side. Each is a gr.HTML whose value is one
encoded frame, drawn on canvases in the browser; this is the only place that encodes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

import gradio as gr

from bssdemo.audio.mel import kilohertz_ticks
from bssdemo.ui.board.frame import TERM_NAMES, WIDE, Frame, encode
from bssdemo.ui.texts import asset

HERE = "bssdemo.ui.board"
# one script in parts: Function scope is shared, the last part starts it
_BOARD = ("frame.js", "draw.js", "board.js", "listen.js")
_METHOD = ("frame.js", "draw.js", "method.js")
EMPTY = ""  # the value of a board with nothing to show
Shown = Frame | str  # a frame, or the string that one was recorded as


def value_of(shown: Shown) -> str:
    """What a board is set to for it to show this."""
    return shown if isinstance(shown, str) else encode(shown)


def board(shown: Shown = EMPTY) -> gr.HTML:
    """A board; its style is in `board.css`, passed to launch()."""
    return _board(value_of(shown), asset(HERE, "board.html"), _BOARD, "board")


def method_board(title: str, about: str) -> gr.HTML:
    """An empty board under this title; its style is in `method.css`, passed to launch()."""
    template = asset(HERE, "method.html").replace("TITLE", escape(title)).replace("ABOUT", escape(about))
    return _board(EMPTY, template, _METHOD)


def _board(value: str, template: str, scripts: Sequence[str], identity: str | None = None) -> gr.HTML:
    """The script has the constants it uses before it.

    Constants rather than props: a board first shown when its value is set gets no other prop (Gradio 6.31).
    """
    ticks, terms = json.dumps(kilohertz_ticks()), json.dumps(TERM_NAMES)
    script = "\n".join(
        [f"const TICKS = {ticks}, TERMS = {terms}, WIDE = {WIDE};", *(asset(HERE, name) for name in scripts)]
    )
    return gr.HTML(
        value=value, html_template=template, js_on_load=script, apply_default_css=False, elem_id=identity
    )
