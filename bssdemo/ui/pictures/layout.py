"""The tab's components and their places; what they do is wired in events.py."""

from __future__ import annotations

import io
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.data_classes import FileData, ImageData

from bssdemo import image
from bssdemo.separation.pictures.examples import Examples
from bssdemo.separation.pictures.methods import BASELINES, METHODS, SUPERVISED, UNMIX
from bssdemo.separation.pictures.sets import PictureSet, PictureSets
from bssdemo.ui.notes import note
from bssdemo.ui.pictures.boards import board
from bssdemo.ui.texts import asset

BLEND_CHOICES = [("Averaged", "average"), ("Added up", "sum")]
BLEND_INFO = "averaged: one laid over the other at half opacity; added up: cut off at full brightness"
METHOD_CHOICES = [("from mixtures alone", UNMIX), ("with true sources: the upper bound", SUPERVISED)]
UPLOADS = ["upload", "clipboard"]
SKETCHPAD = (280, 280)  # pixels
INKS = ["#000000", "#1d4ed8", "#b91c1c", "#15803d"]
RESULTS_SECONDS = 3600  # an answer can be compared for so long
WELCOME = "Press an example, bring pictures of your own, or draw two."
RULE = (
    "<p>Draw one of each kind: a digit from 0 to 4 and one from 5 to 9, or a shoe and a bag. "
    "The network calls its two answers by these kinds, whatever you draw.</p>"
)
COMPARE = (
    "<h2>Compare</h2><p>Robust PCA takes the picture alone; GLO fits two generators to it and to "
    "mixtures of the examples, while you watch.</p>"
)


@dataclass(frozen=True)
class Controls:
    """Every component that an event reads or writes."""

    chosen: gr.Radio  # the set
    method: gr.Radio  # which of its networks
    examples: dict[str, list[gr.Button]]  # by set
    rows: dict[str, gr.Row]  # that hold them
    mixture: gr.Image
    blend: gr.Radio
    unmix: gr.Button
    pair: list[gr.Image]
    mix: gr.Button
    drawing: gr.Tab  # where `pads` are laid out when a visitor first opens it
    message: gr.HTML
    unmixed: gr.HTML  # the board of an answer
    sliders: list[gr.ImageSlider]
    baselines: dict[str, gr.Button]  # by method
    stop: gr.Button
    comparison: gr.HTML  # the board of methods beside each other
    results: gr.State  # events.Results

    @property
    def settings(self) -> list[Block]:
        """What every answer is asked with."""
        return [self.chosen, self.method]


def picture_file(label: str, **options: Any) -> gr.Image:
    """A gr.Image that hands on the uploaded file's path, whatever the file holds.

    Gradio's own opens the file first and refuses a bad one without telling why.
    """
    component = gr.Image(label=label, type="filepath", image_mode=None, buttons=[], **options)
    component.preprocess = _path  # type: ignore[method-assign]
    return component


def _path(payload: ImageData | None) -> str | None:
    return None if payload is None else payload.path


def lay_out(pictures: PictureSets) -> Controls:
    """Build the tab inside the current Blocks context."""
    sets = list(pictures.sets.values())
    with gr.Row(elem_id="pictures-columns"):
        with gr.Column(scale=4, min_width=300, elem_id="pictures-controls"):
            chosen, method = _settings(sets)
            with gr.Column(elem_id="pictures-examples"):
                rows, examples = _examples(sets)
            with gr.Tabs():
                with gr.Tab("One mixture"):
                    mixture = picture_file(
                        "Two pictures laid over each other",
                        sources=UPLOADS, height=200, elem_id="picture-mixture",
                    )  # fmt: skip
                    blend = gr.Radio(BLEND_CHOICES, value="average", label="Mixed how", info=BLEND_INFO)
                    unmix = gr.Button("Unmix", variant="primary", elem_id="picture-unmix")
                with gr.Tab("Two pictures"):
                    with gr.Row():
                        pair = [
                            picture_file(
                                label, sources=UPLOADS, height=170, min_width=120, elem_id=f"picture-{which}"
                            )
                            for which, label in enumerate(("First", "Second"), start=1)
                        ]
                    mix = gr.Button("Mix and unmix", variant="primary", elem_id="picture-mix")
                with gr.Tab("Draw two") as drawing:
                    gr.HTML(RULE)
                    take_brush = asset(__package__ or "", "take_brush.js")
                    drawing.select(None, None, None, js=take_brush, api_visibility="private")
            message = gr.HTML(note(WELCOME, *pictures.problems), elem_id="pictures-message", min_height=40)
            gr.HTML(_provenance(pictures), elem_id="pictures-provenance", elem_classes="provenance")
        with gr.Column(scale=9, min_width=300, elem_id="pictures-stage"):
            unmixed = board("unmixed")
            with gr.Row(elem_id="pictures-sliders"):
                sliders = [_slider(which) for which in (1, 2)]
            gr.HTML(COMPARE, elem_classes="provenance")
            with gr.Row(elem_id="pictures-compare"):
                baselines = {
                    name: gr.Button(METHODS[name].title, elem_id=f"pictures-compare-{name}", min_width=90)
                    for name in BASELINES
                }
                stop = gr.Button("Stop", variant="stop", elem_id="pictures-compare-stop", min_width=70)
            comparison = board("comparison")
            results = gr.State((), time_to_live=RESULTS_SECONDS)
    return Controls(
        chosen, method, examples, rows, mixture, blend, unmix, pair, mix, drawing,
        message, unmixed, sliders, baselines, stop, comparison, results,
    )  # fmt: skip


def pads() -> tuple[list[gr.Sketchpad], gr.Button]:
    """Two fields to draw in, and what unmixes the drawings; the editor weighs a third of the page."""
    fields = [_sketchpad(f"{which} drawing", at) for at, which in ((1, "First"), (2, "Second"))]
    return fields, gr.Button("Mix and unmix the drawings", variant="primary", elem_id="picture-draw")


def networks(chosen: PictureSet | None) -> dict[str, Any]:
    """What the choice between the networks of a set is set to; it is shown where there are two."""
    there = list(chosen.networks) if chosen else [UNMIX]
    return {"value": there[0], "visible": len(there) > 1}


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


def _examples(sets: list[PictureSet]) -> tuple[dict[str, gr.Row], dict[str, list[gr.Button]]]:
    rows, buttons = {}, {}
    for one in sets:
        with gr.Row(visible=one is sets[0], elem_classes="picture-examples") as rows[one.name]:
            buttons[one.name] = _buttons(one.examples) if one.examples else []
    return rows, buttons


def _buttons(examples: Examples) -> list[gr.Button]:
    return [
        gr.Button(examples.title(number), icon=examples.file(number), size="sm", min_width=60)
        for number in range(len(examples))
    ]


def _sketchpad(label: str, which: int) -> gr.Sketchpad:
    pad = gr.Sketchpad(
        label=label, type="numpy", image_mode="RGBA", canvas_size=SKETCHPAD, layers=False, transforms=(),
        buttons=[], placeholder="take the brush, then draw",
        brush=gr.Brush(default_size=18, colors=list(INKS), default_color=INKS[0], color_mode="fixed"),
        height=330, elem_id=f"picture-drawing-{which}", elem_classes="picture-drawing",
    )  # fmt: skip
    convert = pad.convert_and_format_image

    def checked(file: FileData | bytes | None, flatten_on_white: bool = False) -> Any:
        """A drawing that another program sends may have any size: it is checked before its pixels are made."""
        if file is not None:
            try:
                image.refuse_large(Path(file.path) if isinstance(file, FileData) else io.BytesIO(file))
            except image.ImageError as error:
                raise gr.Error(f"{error}.", print_exception=False) from error
        return convert(file, flatten_on_white)

    setattr(pad, "convert_and_format_image", checked)  # noqa: B010 (a method, to mypy)
    return pad


def _slider(which: int) -> gr.ImageSlider:
    return gr.ImageSlider(
        label=f"source {which}", format="png", interactive=False, visible=False, buttons=[], min_width=140,
        elem_id=f"picture-slider-{which}", elem_classes="picture-slider",
    )  # fmt: skip


def _provenance(pictures: PictureSets) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in pictures.provenance())
    return f"<details><summary>Networks and examples</summary><ul>{items}</ul></details>" if items else ""
