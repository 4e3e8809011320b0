"""Serve the page on a folder of checkpoints: `python serve.py FOLDER PORT`, for tests."""

from __future__ import annotations

import sys
from pathlib import Path

import gradio as gr

from bssdemo.ui.page import launch_options, page
from bssdemo.ui.pictures import shelf as pictures
from bssdemo.ui.session import Sessions
from bssdemo.ui.shelf import stock

sessions = Sessions()


def runs_going() -> int:
    """How many visitors have a run announced or going."""
    return len(sessions)


blocks = page(stock(Path(sys.argv[1])), pictures.stock(Path(sys.argv[1])), sessions)
with blocks:
    gr.api(runs_going, queue=False)
blocks.launch(server_port=int(sys.argv[2]), quiet=True, **launch_options())
