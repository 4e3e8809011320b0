"""One method's components as spectrograms side by side: a gr.HTML whose value is a frame, as the board's is."""

from __future__ import annotations

from html import escape

import gradio as gr

from bssdemo.ui.board import EMPTY, asset, script

_SCRIPTS = ("board_frame.js", "board_draw.js", "method.js")


def method_board(title: str, about: str) -> gr.HTML:
    """An empty board under this title; its style is in `method.css`, passed to launch()."""
    template = asset("method.html").replace("TITLE", escape(title)).replace("ABOUT", escape(about))
    return gr.HTML(
        value=EMPTY,
        html_template=template,
        js_on_load=script(_SCRIPTS),
        apply_default_css=False,
    )
