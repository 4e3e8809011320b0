"""The whole page: heading, tabs, style; `app.py` launches it."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.themes.utils.fonts import Font

from bssdemo.ui.api import endpoints
from bssdemo.ui.audio_tab import CPU, audio_tab
from bssdemo.ui.benchmarks_tab import benchmarks_tab
from bssdemo.ui.board import asset
from bssdemo.ui.examples import FOLDER
from bssdemo.ui.pictures.endpoint import endpoint
from bssdemo.ui.pictures.shelf import PictureShelf
from bssdemo.ui.pictures.tab import pictures_tab
from bssdemo.ui.session import Sessions
from bssdemo.ui.shelf import Shelf

TITLE = "A mixture comes apart"
MOST_WAITING = 12  # visitors in the queue; one more is told to come back later
LARGEST_UPLOAD = "50mb"
STYLES = ("page.css", "board.css", "pictures.css", "method.css", "tables.css")


def page(shelf: Shelf, pictures: PictureShelf, sessions: Sessions) -> gr.Blocks:
    """The interface on these priors and mask networks, its queue set; `launch_options` are to go with it."""
    with gr.Blocks(title=TITLE, delete_cache=(600, 3600), analytics_enabled=False) as blocks:
        gr.HTML(asset("heading.html"), elem_id="heading")
        with gr.Tabs():
            with gr.Tab("Audio", id="audio"):
                audio_tab(blocks, shelf, sessions)
            with gr.Tab("Pictures", id="pictures"):
                pictures_tab(blocks, pictures, sessions, CPU)
            with gr.Tab("Benchmarks", id="benchmarks", elem_id="benchmarks") as tab:
                benchmarks_tab(tab)
        endpoints(shelf, sessions)
        endpoint(pictures)
    return blocks.queue(max_size=MOST_WAITING)


def launch_options() -> dict[str, Any]:
    """What `launch` needs beyond host and port."""
    weights = (400, 700)  # the 600 that ships with Gradio lacks letters
    font: list[Font | str] = [
        gr.themes.LocalFont("IBM Plex Sans", weights),
        "ui-sans-serif",
        "system-ui",
        "sans-serif",
    ]
    mono: list[Font | str] = [gr.themes.LocalFont("IBM Plex Mono", weights), "ui-monospace", "monospace"]
    theme = gr.themes.Base(primary_hue="cyan", neutral_hue="slate", font=font, font_mono=mono).set(
        # darker than the theme's own: small text at 4.5 to 1 and more against its ground
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
        slider_color="*primary_700",
        slider_color_dark="*primary_500",
        color_accent="*primary_700",
    )
    return {
        "theme": theme,
        "css": "".join(map(asset, STYLES)),
        "ssr_mode": False,
        "run_history": False,
        "max_file_size": LARGEST_UPLOAD,
        "allowed_paths": [str(FOLDER)],
        "footer_links": ["api", "gradio", "settings"],
    }
