"""Three steps for whoever is new to the page; dismissed, they do not come back to that browser."""

from __future__ import annotations

import gradio as gr

from bssdemo.ui.texts import asset

HERE = "bssdemo.ui.walk"


def walk() -> gr.HTML:
    """One line with an offer; its style is in `walk.css`, passed to launch()."""
    return gr.HTML(
        value="",
        html_template=asset(HERE, "walk.html"),
        js_on_load=asset(HERE, "walk.js"),
        apply_default_css=False,
        elem_id="walk",
    )
