"""Serve the page on a folder of checkpoints, for tests: `python serve.py FOLDER [PORT]`, else on GRADIO_SERVER_PORT.

MOST_WAITING in the environment is how many visitors may wait in its queue.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import gradio as gr

from bssdemo.separation import networks
from bssdemo.separation.pictures import sets
from bssdemo.ui.page import MOST_WAITING, launch_options, page
from bssdemo.ui.session import Turns

folder = Path(sys.argv[1])
port = int(sys.argv[2]) if len(sys.argv) > 2 else None
turns = Turns()


def runs_going() -> int:
    """How many visitors have a run announced or going."""
    return len(turns)


found = networks.everything(folder)
of_folder = tuple(one for one in found.unmixers if one.origin == "folder")  # whichever are bundled
blocks = page(
    replace(found, unmixers=of_folder),
    sets.warm_up(sets.everything(folder)),
    turns,
    most_waiting=int(os.environ.get("MOST_WAITING", MOST_WAITING)),
)
with blocks:
    gr.api(runs_going, queue=False)
blocks.launch(server_port=port, quiet=True, **launch_options(turns))
