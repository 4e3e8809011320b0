"""The components of the comparison and their layout; what they do is wired in events.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from bssdemo.separation import METHODS
from bssdemo.separation.methods import SEARCH, UNMIX
from bssdemo.separation.request import SHARED
from bssdemo.separation.scores import MOST_SCORED
from bssdemo.ui.audio.layout import KEPT_SECONDS
from bssdemo.ui.board.components import method_board
from bssdemo.ui.mixer.component import EMPTY, mixer

WORDS = """<h2>Compare with other methods</h2>
<p>The same recording, taken apart by older methods that have learned nothing about speech or instruments. They do not
know which part is which; in an example each part stands beside the true sound that it is most like.</p>"""
OURS = "Ours, refined"
ABOUT_OURS = "The search with GAN priors above, and the masks made of its estimates."
BOXES = {  # what a box says where a title is not enough
    UNMIX: "Unmix-and-remix (mask network trained on mixtures alone)",
    "dap": "Deep Audio Prior (trains networks: about 10 s of work for each second of recording)",
}
DEFAULT_METHODS = (UNMIX, "nmf")
TRUTH_WORDS = f"""<p>One file for every stem, as it is in the mixture. With them every method above is scored, on
the first {MOST_SCORED} s. The true sources of the examples are known already.</p>"""


@dataclass(frozen=True)
class MethodRow:
    """One method's board and mixer; method.css shows them while the board has a frame.

    Gradio is not asked to show and hide them: it can lose an update of what is only then put on the page.
    """

    board: gr.HTML
    mixer: gr.HTML


@dataclass(frozen=True)
class Controls:
    """Every component that an event reads or writes."""

    box: gr.Column
    chosen: gr.CheckboxGroup
    run: gr.Button
    stop: gr.Button
    message: gr.HTML
    ours: MethodRow
    rows: dict[str, MethodRow]  # by method
    table: gr.HTML
    truths: list[gr.Audio]
    score: gr.Button
    compared: gr.State  # Compared | None: what the last comparison left

    @property
    def results(self) -> list[Any]:
        """What a comparison sets."""
        rows = (self.ours, *self.rows.values())
        parts = [part for row in rows for part in (row.board, row.mixer)]
        return [self.message, self.compared, self.table, *parts]

    @property
    def everything(self) -> list[Any]:
        """What a run's end sets."""
        return [self.box, self.chosen, *self.truths, *self.results]


def choices(methods: list[str]) -> list[tuple[str, str]]:
    """The boxes to tick."""
    return [(BOXES.get(name, METHODS[name].title), name) for name in methods]


def lay_out() -> Controls:
    """Build the section inside the current Blocks context, hidden until a run has finished."""
    others = [name for name in METHODS if name != SEARCH]
    with gr.Column(visible=False, elem_id="comparison") as box:
        gr.HTML(WORDS)
        chosen = gr.CheckboxGroup(choices(others), label="Methods", elem_id="methods")
        with gr.Row():
            run = gr.Button("Run on the same mixture", elem_id="comparison-run", min_width=180, scale=3)
            stop = gr.Button("Stop", elem_id="comparison-stop", min_width=70)
        message = gr.HTML(elem_id="comparison-message")
        table = gr.HTML(elem_id="scores")  # empty rather than hidden: Gradio can lose a change of visibility
        ours = _row(OURS, ABOUT_OURS)
        rows = {name: _row(METHODS[name].title, METHODS[name].about) for name in others}
        with gr.Accordion("I have the true sources", open=False, elem_id="true-sources"):
            gr.HTML(TRUTH_WORDS)
            with gr.Row(elem_classes="slots"):
                truths = [
                    gr.Audio(sources=["upload"], type="filepath", visible=False, buttons=[], min_width=150)
                    for _ in range(SHARED.sources)
                ]
            score = gr.Button("Score against them", elem_id="score")
        compared = gr.State(None, time_to_live=KEPT_SECONDS)
    return Controls(box, chosen, run, stop, message, ours, rows, table, truths, score, compared)


def _row(title: str, about: str) -> MethodRow:
    with gr.Column(elem_classes="method"):
        return MethodRow(method_board(title, about), mixer(EMPTY, f"Mixer of {title}"))
