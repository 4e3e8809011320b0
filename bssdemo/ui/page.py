"""The whole page: heading, tabs, style; `app.py` launches it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from bssdemo.machine import memory
from bssdemo.separation import Networks
from bssdemo.separation.pictures.sets import PictureSets
from bssdemo.ui.about.tab import about_tab
from bssdemo.ui.audio.events import audio_tab
from bssdemo.ui.audio.examples import FOLDER
from bssdemo.ui.benchmarks.tab import benchmarks_tab
from bssdemo.ui.doors import Doors
from bssdemo.ui.landing import Landing
from bssdemo.ui.networks import PACE
from bssdemo.ui.pictures.endpoint import endpoint
from bssdemo.ui.pictures.events import pictures_tab
from bssdemo.ui.programs.endpoints import endpoints
from bssdemo.ui.session import Turns
from bssdemo.ui.share.card import TITLE
from bssdemo.ui.share.duplicate import duplicate_link
from bssdemo.ui.share.events import shared
from bssdemo.ui.share.kept import Kept
from bssdemo.ui.texts import asset
from bssdemo.ui.whole import send_whole

MOST_WAITING = 64  # events in Gradio's queue; `machine.shares` decides who may have the machine
MOST_SESSIONS = (
    64  # visitors whose choices and stems are remembered: 0.3 MB of Gradio's each, and their stems
)
LARGEST_UPLOAD = "50mb"


def page(
    networks: Networks,
    pictures: PictureSets,
    turns: Turns,
    pace: float = PACE,
    most_waiting: int = MOST_WAITING,
) -> gr.Blocks:
    """The interface on these networks, its queue set; `launch_options` are to go with it."""
    send_whole()
    memory.few_arenas()
    with gr.Blocks(title=TITLE, delete_cache=(600, 3600), analytics_enabled=False) as blocks:
        gr.HTML(asset("bssdemo.ui", "heading.html") + duplicate_link(), elem_id="heading")
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Audio", id="audio") as sounds:
                audio = audio_tab(blocks, networks, turns, pace)
            with gr.Tab("Pictures", id="pictures") as drawn:
                pictures_tab(blocks, drawn, pictures, turns)
            with gr.Tab("Benchmarks", id="benchmarks", elem_id="benchmarks") as benchmarks:
                benchmarks_tab(benchmarks)
            with gr.Tab("About", id="about") as about:
                about_tab(networks)
        shared(blocks, audio, tabs, {str(tab.id): tab for tab in (sounds, drawn, benchmarks, about)}, Kept())
        endpoints(networks, turns)
        endpoint(pictures)
    for block in blocks.blocks.values():  # what the page itself shows outlives `delete_cache`
        block.keep_in_cache |= block.temp_files
    memory.trim()
    return blocks.queue(max_size=most_waiting)


def styles() -> str:
    """Every style sheet of bssdemo/ui: the page's, then the packages' in their order."""
    here = Path(__file__).parent
    return "".join(file.read_text(encoding="utf-8") for file in sorted(here.rglob("*.css")))


def launch_options(turns: Turns) -> dict[str, Any]:
    """What `launch` needs beyond host and port; `turns` as the page has them."""
    theme = gr.themes.Base(
        primary_hue="cyan",
        neutral_hue="slate",
        font=["system-ui", "sans-serif"],  # the visitor's own; a web font weighs 113 kB before a word is read
        font_mono=["ui-monospace", "monospace"],
    ).set(
        # darker than the theme's own: small text at 4.5 to 1 and more against its ground
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        slider_color="*primary_700",
        slider_color_dark="*primary_500",
        color_accent="*primary_700",
    )
    return {
        "theme": theme,
        "css": styles(),
        "js": f"() => {{ ({asset('bssdemo.ui', 'one_sound.js')})(); ({asset('bssdemo.ui.share', 'address.js')})(); }}",
        "ssr_mode": False,
        "run_history": False,
        "max_file_size": LARGEST_UPLOAD,
        "allowed_paths": [str(FOLDER)],
        "mcp_server": True,  # its tools are the public endpoints
        "footer_links": ["api", "gradio", "settings"],
        "state_session_capacity": MOST_SESSIONS,
        "app_kwargs": {"middleware": [Middleware(Doors, turns=turns), Middleware(Landing)]},
    }
