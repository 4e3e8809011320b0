"""The two boards of the tab: each a gr.HTML whose value is one frame, drawn on canvases in the browser."""

from __future__ import annotations

import gradio as gr

from bssdemo.ui.board import EMPTY, asset


def answer_board() -> gr.HTML:
    """Shows `frames.answer_frame`."""
    return _board("answer", "pictures-answer")


def comparison_board() -> gr.HTML:
    """Shows `frames.comparison_frame`."""
    return _board("comparison", "pictures-comparison")


def _board(name: str, identity: str) -> gr.HTML:
    return gr.HTML(
        value=EMPTY,
        html_template=asset(f"pictures_{name}.html"),
        js_on_load="\n".join(asset(part) for part in ("pictures_sheet.js", f"pictures_{name}.js")),
        apply_default_css=False,
        elem_id=identity,
    )
