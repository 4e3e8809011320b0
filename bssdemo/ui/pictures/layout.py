"""The tab's components and their places; what they do is wired in tab.py."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.data_classes import ImageData

from bssdemo.ui.board import asset
from bssdemo.ui.notes import note
from bssdemo.ui.pictures.answer import METHODS
from bssdemo.ui.pictures.boards import answer_board, comparison_board
from bssdemo.ui.pictures.gallery import Gallery
from bssdemo.ui.pictures.shelf import PictureSet, PictureShelf

BLEND_CHOICES = [("Averaged", "average"), ("Added up", "sum")]
BLEND_INFO = "averaged: one laid over the other at half opacity; added up: cut off at full brightness"
METHOD_CHOICES = [("from mixtures alone", "unmix"), ("with true sources: the upper bound", "supervised")]
PAPER = (280, 280)  # pixels of a sketchpad
INKS = ["#000000", "#1d4ed8", "#b91c1c", "#15803d"]
KEPT_SECONDS = 3600  # an answer can be compared for so long
WELCOME = "Press an example, bring pictures of your own, or draw two."


@dataclass(frozen=True)
class Controls:
    """Every component that an event reads or writes."""

    chosen: gr.Radio  # the set
    method: gr.Radio  # which of its networks
    examples: dict[str, list[gr.Button]]  # by set
    rows: list[gr.Row]  # the examples of every set, in the sets' order
    mixture: gr.Image
    blend: gr.Radio
    unmix: gr.Button
    pair: list[gr.Image]
    mix: gr.Button
    papers: list[gr.Sketchpad]
    draw: gr.Button
    message: gr.HTML
    board: gr.HTML
    sliders: list[gr.ImageSlider]
    baselines: dict[str, gr.Button]  # by key of METHODS
    stop: gr.Button
    comparison: gr.HTML
    held: gr.State  # Held | None: the visitor's answer and what it was compared with

    @property
    def settings(self) -> list[Block]:
        """What every answer is asked with."""
        return [self.chosen, self.method]

    @property
    def answer(self) -> list[Block]:
        """What an answer sets."""
        return [self.message, self.board, *self.sliders, self.comparison, self.held]

    @property
    def compared(self) -> list[Block]:
        """What a comparison sets."""
        return [self.message, self.comparison, self.held]


def picture_input(label: str, **options: Any) -> gr.Image:
    """A gr.Image that hands on the uploaded file's path, whatever the file holds.

    Gradio's own opens the file first and refuses a bad one without telling why.
    """
    component = gr.Image(label=label, type="filepath", image_mode=None, buttons=[], **options)
    component.preprocess = _path  # type: ignore[method-assign]
    return component


def _path(payload: ImageData | None) -> str | None:
    return None if payload is None else payload.path


def lay_out(shelf: PictureShelf) -> Controls:
    """Build the tab inside the current Blocks context."""
    sets = list(shelf.sets.values())
    with gr.Row(elem_id="pictures-columns"):
        with gr.Column(scale=4, min_width=300, elem_id="pictures-controls"):
            chosen, method = _settings(sets)
            with gr.Column(elem_id="pictures-examples"):
                rows, examples = _examples(sets)
            with gr.Tabs():
                with gr.Tab("One mixture"):
                    mixture = picture_input(
                        "Two pictures laid over each other",
                        sources=["upload", "clipboard"], height=200, elem_id="picture-mixture",
                    )  # fmt: skip
                    blend = gr.Radio(BLEND_CHOICES, value="average", label="Mixed how", info=BLEND_INFO)
                    unmix = gr.Button("Unmix", variant="primary", elem_id="picture-unmix")
                with gr.Tab("Two pictures"):
                    with gr.Row():
                        pair = [
                            picture_input(
                                label, sources=["upload", "clipboard"], height=170, min_width=120,
                                elem_id=f"picture-{which}",
                            )
                            for which, label in enumerate(("First", "Second"), start=1)
                        ]  # fmt: skip
                    mix = gr.Button("Mix and unmix", variant="primary", elem_id="picture-mix")
                with gr.Tab("Draw two") as drawing:
                    drawing.select(None, None, None, js=asset("pictures_draw.js"), api_visibility="private")
                    papers = [
                        _paper(f"{label} drawing", which) for which, label in ((1, "First"), (2, "Second"))
                    ]
                    draw = gr.Button("Mix and unmix the drawings", variant="primary", elem_id="picture-draw")
            message = gr.HTML(note(WELCOME, *shelf.problems), elem_id="pictures-message", min_height=40)
            gr.HTML(_origins(shelf), elem_id="pictures-provenance", elem_classes="provenance")
        with gr.Column(scale=9, min_width=300, elem_id="pictures-stage"):
            board = answer_board()
            with gr.Row(elem_id="pictures-sliders"):
                sliders = [_slider(which) for which in range(2)]
            gr.HTML(
                "<h2>Compare</h2><p>Robust PCA takes the picture alone; GLO fits two generators to it and to "
                "mixtures of the examples, while you watch.</p>",
                elem_classes="provenance",
            )
            with gr.Row(elem_id="compare-actions"):
                baselines = {
                    key: gr.Button(METHODS[key], elem_id=f"compare-{key}", min_width=90)
                    for key in ("rpca", "glo")
                }
                stop = gr.Button("Stop", variant="stop", elem_id="compare-stop", min_width=70)
            comparison = comparison_board()
            held = gr.State(None, time_to_live=KEPT_SECONDS)
    return Controls(
        chosen, method, examples, rows, mixture, blend, unmix, pair, mix, papers, draw,
        message, board, sliders, baselines, stop, comparison, held,
    )  # fmt: skip


def networks(chosen: PictureSet | None) -> dict[str, Any]:
    """What the choice between the networks of a set is set to; it is shown where there are two."""
    both = chosen is not None and chosen.blind is not None and chosen.twin is not None
    only_twin = chosen is not None and chosen.blind is None
    return {"value": "supervised" if only_twin else "unmix", "visible": both}


def _settings(sets: list[PictureSet]) -> tuple[gr.Radio, gr.Radio]:
    first = sets[0] if sets else None
    chosen = gr.Radio(
        [(one.title, one.name) for one in sets],
        value=first.name if first else None,
        label="What the pictures hold",
        visible=bool(sets),
        elem_id="picture-set",
    )
    method = gr.Radio(METHOD_CHOICES, label="Network trained", elem_id="picture-method", **networks(first))
    return chosen, method


def _examples(sets: list[PictureSet]) -> tuple[list[gr.Row], dict[str, list[gr.Button]]]:
    rows, examples = [], {}
    for at, one in enumerate(sets):
        with gr.Row(visible=at == 0, elem_classes="picture-examples") as row:
            examples[one.name] = _buttons(one.gallery)
        rows.append(row)
    return rows, examples


def _buttons(gallery: Gallery | None) -> list[gr.Button]:
    if gallery is None:
        return []
    return [
        gr.Button(gallery.title(number), icon=gallery.file(number), size="sm", min_width=60)
        for number in range(len(gallery))
    ]


def _paper(label: str, which: int) -> gr.Sketchpad:
    return gr.Sketchpad(
        label=label, type="numpy", image_mode="RGBA", canvas_size=PAPER, layers=False, transforms=(), buttons=[],
        placeholder="take the brush, then draw",
        brush=gr.Brush(default_size=18, colors=list(INKS), default_color=INKS[0], color_mode="fixed"),
        height=330, elem_id=f"paper-{which}", elem_classes="paper",
    )  # fmt: skip


def _slider(which: int) -> gr.ImageSlider:
    return gr.ImageSlider(
        label=f"source {which + 1}", format="png", interactive=False, visible=False, buttons=[], min_width=140,
        elem_id=f"picture-slider-{which + 1}", elem_classes="picture-slider",
    )  # fmt: skip


def _origins(shelf: PictureShelf) -> str:
    """Where the networks and the example pictures came from."""
    lines = []
    for one in shelf.sets.values():
        for unmixer in filter(None, (one.blind, one.twin)):
            told = f" {unmixer.note}" if unmixer.note else ""
            lines.append(f"{one.title}: {unmixer.name} ({unmixer.where}).{told}")
    credits = dict.fromkeys(one.gallery.attribution for one in shelf.sets.values() if one.gallery)
    lines += [f"Examples, {credit}." for credit in credits]
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>Networks in use</h2><ul>{items}</ul>" if lines else ""
