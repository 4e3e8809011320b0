"""Serve the page on a folder of checkpoints, for tests: `python serve.py FOLDER [PORT]`, else on GRADIO_SERVER_PORT."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import gradio as gr

from bssdemo.ui.page import launch_options, page
from bssdemo.ui.pictures import shelf as pictures
from bssdemo.ui.session import Sessions
from bssdemo.ui.shelf import stock

folder = Path(sys.argv[1])
port = int(sys.argv[2]) if len(sys.argv) > 2 else None
sessions = Sessions()


def runs_going() -> int:
    """How many visitors have a run announced or going."""
    return len(sessions)


shelf = stock(folder)
of_folder = tuple(one for one in shelf.unmixers if one.origin == "folder")  # whichever are bundled
blocks = page(replace(shelf, unmixers=of_folder), pictures.warm_up(pictures.stock(folder)), sessions)
with blocks:
    gr.api(runs_going, queue=False)
blocks.launch(server_port=port, quiet=True, **launch_options())
