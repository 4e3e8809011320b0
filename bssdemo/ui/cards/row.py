"""The row of example cards above everything else; what a press does is wired in audio/events.py."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from bssdemo.separation import Networks
from bssdemo.ui.audio.examples import Example
from bssdemo.ui.cards.component import card

SHOWN = ("speech-piano", "speech-drums", "digit-piano", "digit-drums-piano")  # the others get a small button


def on_cards(examples: Sequence[Example]) -> list[Example]:
    """Those of the examples that have a card, in the cards' order."""
    found = {example.slug: example for example in examples}
    return [found[slug] for slug in SHOWN if slug in found]


def cards(examples: Sequence[Example], networks: Networks) -> dict[str, gr.Button]:
    """Lay the cards out; by an example's slug the button that opens it."""
    buttons = {}
    with gr.Row(elem_id="examples", elem_classes="cards"):
        for example in on_cards(examples):
            with gr.Column(elem_classes="card", min_width=0):
                button = gr.Button(example.title, variant="primary", elem_classes="card-open")
                card(example, [networks.label(name) for name in example.sources])
            buttons[example.slug] = button
    return buttons
