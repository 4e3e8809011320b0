"""Gradio's own weight: a page with one line of HTML, served as `tests/browser/server.py` serves the app."""

from __future__ import annotations

import gradio as gr

if __name__ == "__main__":
    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.HTML("<p>Nothing else is here.</p>")
    blocks.launch(ssr_mode=False, run_history=False, quiet=True)
