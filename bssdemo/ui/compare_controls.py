"""The components of the comparison and their layout; what they do is wired in compare_section.py."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr
from gradio.blocks import Block

from bssdemo.ui.compare_methods import UNMIX
from bssdemo.ui.compare_methods import WORDS as METHODS
from bssdemo.ui.controls import KEPT_SECONDS, stem_player
from bssdemo.ui.job import MOST_SOURCES
from bssdemo.ui.method_board import method_board
from bssdemo.ui.scores import MOST_SCORED

WORDS = """<h2>Compare with other methods</h2>
<p>They get the very same mixture, in one channel at 16 kHz, and the number of sources, but no priors, so their
components come without names; Unmix-and-remix alone, where there is a network for these sources, knows which is which.
Where the true sources are known, each component without a name is shown as the one of them it fits best, in the best
order of all, which is for scoring only; else components stand in the order found.</p>"""
OURS = ("Ours, refined", "The search with GAN priors above, and the masks made of its estimates.")
BOXES = {  # what a box says where a title is not enough
    UNMIX: "Unmix-and-remix (mask network trained on mixtures alone)",
    "dap": "Deep Audio Prior (trains networks: about 10 s of work for each second of recording)",
}
DEFAULT_METHODS = (UNMIX, "nmf")
TRUTH_WORDS = f"""<p>One file for every stem, as it is in the mixture. With them every method above is scored, on
the first {MOST_SCORED} s. The true sources of the examples are known already.</p>"""


@dataclass(frozen=True)
class MethodRow:
    """One method's board and players."""

    box: gr.Column
    board: gr.HTML
    players: list[gr.Audio]

    @property
    def parts(self) -> list[Block]:
        return [self.box, self.board, *self.players]


@dataclass(frozen=True)
class Comparison:
    """Every component that an event reads or writes."""

    box: gr.Column
    chosen: gr.CheckboxGroup
    run: gr.Button
    stop: gr.Button
    message: gr.HTML
    rows: dict[str, MethodRow]  # ours under "", first
    table: gr.HTML
    truths: list[gr.Audio]
    score: gr.Button
    compared: gr.State  # Compared | None: what the last comparison left

    @property
    def results(self) -> list[Block]:
        """What a comparison shows."""
        rows = [part for row in self.rows.values() for part in row.parts]
        return [self.message, self.compared, self.table, *rows]


def choices(methods: list[str]) -> list[tuple[str, str]]:
    """The boxes to tick."""
    return [(BOXES.get(key, METHODS[key][0]), key) for key in methods]


def ticked(methods: list[str]) -> list[str]:
    """Those ticked at first."""
    return [key for key in methods if key in DEFAULT_METHODS]


def lay_out() -> Comparison:
    """Build the section inside the current Blocks context, hidden until a run has finished."""
    titles = {"": OURS} | dict(METHODS)
    with gr.Column(visible=False, elem_id="compare") as box:
        gr.HTML(WORDS)
        chosen = gr.CheckboxGroup(choices(list(METHODS)), label="Methods", elem_id="methods")
        with gr.Row():
            run = gr.Button("Run on the same mixture", elem_id="compare-run", min_width=180, scale=3)
            stop = gr.Button("Stop", elem_id="compare-stop", min_width=70)
        message = gr.HTML(elem_id="compare-message")
        table = gr.HTML(elem_id="scores", visible=False)
        rows = {key: _row(*words) for key, words in titles.items()}
        with gr.Accordion("I have the true sources", open=False, elem_id="true-sources"):
            gr.HTML(TRUTH_WORDS)
            with gr.Row(elem_classes="slots"):
                truths = [
                    gr.Audio(sources=["upload"], type="filepath", visible=False, buttons=[], min_width=150)
                    for _ in range(MOST_SOURCES)
                ]
            score = gr.Button("Score against them", elem_id="score")
        compared = gr.State(None, time_to_live=KEPT_SECONDS)
    return Comparison(box, chosen, run, stop, message, rows, table, truths, score, compared)


def _row(title: str, about: str) -> MethodRow:
    with gr.Column(visible=False, elem_classes="method") as box:
        board = method_board(title, about)
        with gr.Row(elem_classes="players"):
            players = [stem_player(f"component {k + 1}") for k in range(MOST_SOURCES)]
    return MethodRow(box, board, players)
