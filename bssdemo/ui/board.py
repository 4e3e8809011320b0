"""The live board: one gr.HTML whose value is one encoded frame, drawn on canvases in the browser."""

from __future__ import annotations

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


def board(value: str = EMPTY) -> gr.HTML:
    """A board showing the frame `value`; its style is in `board.css`, passed to launch()."""
    return gr.HTML(
        value=value,
        html_template=asset("board.html"),
        js_on_load="\n".join(asset(part) for part in _SCRIPTS),
        apply_default_css=False,
        elem_id="board",
        ticks=[list(tick) for tick in kilohertz_ticks()],
        terms=[list(term) for term in TERM_NAMES],
    )
