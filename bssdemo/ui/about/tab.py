"""The About tab: each method in half a page with a figure that moves, how well it does, and where to read on."""

from __future__ import annotations

from html import escape
from pathlib import Path

import gradio as gr
from PIL import Image

from bssdemo.separation import Networks
from bssdemo.separation.pictures.examples import FOLDER
from bssdemo.ui.cards.component import webp
from bssdemo.ui.texts import asset

HERE = "bssdemo.ui.about"
FILM = Path(__file__).resolve().parents[3] / "docs" / "board.webp"
SHOWN = "mnist"  # the set of pictures of which one comes apart in the figure


def about_tab(networks: Networks) -> None:
    """Build the content of the tab."""
    pictures = {
        name.upper(): webp(Image.open(FOLDER / SHOWN / f"{name}-1.png"), (168, 168))
        for name in ("mixture", "first", "second")
    }
    text = asset(HERE, "about.html")
    for name, uri in pictures.items():
        text = text.replace(f"{name}.PNG", uri)
    gr.HTML(
        {"film": gr.FileData(path=str(FILM)).model_dump()} if FILM.is_file() else {},
        html_template=text.replace("NETWORKS", _networks(networks)),
        js_on_load=asset(HERE, "about.js"),
        apply_default_css=False,
        elem_id="about",
    )


def _networks(networks: Networks) -> str:
    return "".join(f"<li>{escape(line)}</li>" for line in networks.provenance())
