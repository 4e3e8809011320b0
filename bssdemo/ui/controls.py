"""The page's components and their layout; what they do is wired in audio_tab.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gradio as gr
from gradio.blocks import Block

from bssdemo.offline import MOST_SECONDS
from bssdemo.search.objective import TERMS
from bssdemo.search.pgd import PRESETS
from bssdemo.ui.board import EMPTY, board
from bssdemo.ui.examples import Example
from bssdemo.ui.job import MOST_SOURCES, MOST_STARTS, MOST_STEPS
from bssdemo.ui.kept import RESIDUAL
from bssdemo.ui.live import weight_values
from bssdemo.ui.notes import note, provenance
from bssdemo.ui.shelf import Shelf

DEFAULT_PRESET = "balanced"
PRESET_CHOICES = [("Balanced", "balanced"), ("Paper", "paper"), ("Reference", "reference")]
SLIDERS = (
    ("β₁ spectral", "the sum must match the mixture"),
    ("β₂ dissociation", "the sources must differ"),
    ("β₃ coherence", "the edges must coincide"),
    ("β₄ frequency", "no frequency may be missing"),
)
START_CHOICES = [("Zeros (the paper)", "zeros"), ("Encoder", "encoder")]
STEM_CHOICES = [("Refined", "refined"), ("Raw", "raw")]
STEMS_INFO = "refined: the mixture's own sound, shared out; raw: what the generators made"
KEPT_SECONDS = 3600  # a result can be switched for so long
WELCOME = note("Press an example, or bring a mixture of your own and press Separate.")


@dataclass(frozen=True)
class Controls:
    """Every component that an event reads or writes."""

    audio: gr.Audio
    checks: list[gr.Checkbox]
    counts: list[gr.Radio]
    preset: gr.Radio
    sliders: list[gr.Slider]
    start: gr.Radio
    steps: gr.Slider
    learning_rate: gr.Number
    starts: gr.Slider
    examples: list[gr.Button]
    separate: gr.Button
    stop: gr.Button
    reset: gr.Button
    message: gr.HTML
    board: gr.HTML
    stems: gr.Radio  # which kind of stem is shown and heard
    players: list[gr.Audio]  # the mixture first, the residual last
    kept: gr.State  # Kept | None: what the visitor's last run left
    download: gr.DownloadButton
    stage: gr.Column  # where results are
    truth_box: gr.Accordion
    truths: list[gr.Audio]

    @property
    def settings(self) -> list[Block]:
        """What a preset sets."""
        return [*self.sliders, self.start, self.steps, self.learning_rate, self.starts]

    @property
    def request(self) -> list[Block]:
        """What a separation is asked with."""
        return [self.audio, self.preset, *self.settings, *self.checks, *self.counts]

    @property
    def opened(self) -> list[Block]:
        """What opening an example sets."""
        return [*self.results, self.audio, *self.checks, *self.counts, self.truth_box, *self.truths]

    @property
    def outcome(self) -> list[Block]:
        """What only a finished run has."""
        return [self.kept, self.stems, *self.players, self.download]

    @property
    def shown(self) -> list[Block]:
        """What differs between the two kinds of stem."""
        return [self.board, *self.players]

    @property
    def results(self) -> list[Block]:
        """What a run shows."""
        return [self.message, self.board, *self.outcome]


def preset_settings(name: str) -> list[int | float | str]:
    """The values of `Controls.settings` for a preset."""
    config = PRESETS[name]
    numbers = (config.steps, config.learning_rate, config.starts)
    return [*weight_values(config.objective.weights), config.start, *numbers]


def _sources(shelf: Shelf) -> tuple[list[gr.Checkbox], list[gr.Radio]]:
    checks, counts = [], []
    for prior in shelf.priors.values():
        with gr.Row(elem_classes="source-row"):
            checks.append(
                gr.Checkbox(label=prior.label, container=False, scale=3, min_width=150, interactive=True)
            )
            counts.append(
                gr.Radio(
                    [("one", 1), ("two", 2)],
                    value=1,
                    label=f"How many of {prior.label}",
                    show_label=False,
                    container=False,
                    scale=2,
                    min_width=120,
                    interactive=True,
                )
            )
    return checks, counts


def _settings() -> tuple[gr.Radio, list[gr.Slider], gr.Radio, gr.Slider, gr.Number, gr.Slider]:
    config = PRESETS[DEFAULT_PRESET]
    weights = weight_values(config.objective.weights)
    preset = gr.Radio(
        PRESET_CHOICES,
        value=DEFAULT_PRESET,
        label="Preset",
        info="acts on the next run",
        elem_id="preset",
    )
    sliders = [
        gr.Slider(0, 2, value, step=0.01, label=label, info=info, elem_id=f"beta-{at}")
        for at, ((label, info), value) in enumerate(zip(SLIDERS, weights, strict=True), start=1)
    ]
    start = gr.Radio(
        START_CHOICES,
        value=config.start,
        label="Start",
        info="where the search begins; encoder: where a network hears the source",
        elem_id="start",
    )
    with gr.Accordion("Steps, learning rate, starts", open=False):
        steps = gr.Slider(10, MOST_STEPS, config.steps, step=10, label="Steps")
        learning_rate = gr.Number(
            config.learning_rate, minimum=0.001, maximum=1, step=0.005, label="Learning rate of Adam"
        )
        starts = gr.Slider(
            1,
            MOST_STARTS,
            config.starts,
            step=1,
            label="Starts",
            info="the chosen one, then z = 0 and random ones; time grows with them",
        )
    return preset, sliders, start, steps, learning_rate, starts


def stem_player(label: str, visible: bool = False) -> gr.Audio:
    """A player of what a run has made."""
    return gr.Audio(
        label=label,
        interactive=False,
        visible=visible,
        buttons=["download"],
        elem_classes="player",
        min_width=220,
    )


def _poster(examples: Sequence[Example]) -> str:
    """What the board shows at first: the end of the first example's recorded run, if there is one."""
    frames = examples[0].frames() if examples else []
    return frames[-1][1] if frames else EMPTY


def lay_out(shelf: Shelf, examples: Sequence[Example]) -> Controls:
    """Build the tab inside the current Blocks context."""
    assert len(SLIDERS) == len(TERMS)
    with gr.Row(elem_id="columns"):
        with gr.Column(scale=4, min_width=300, elem_id="controls"):
            gr.HTML(f"<h2>Mixture</h2><p>Up to {MOST_SECONDS} s, any format and sample rate.</p>")
            with gr.Row(elem_id="examples"):
                buttons = [gr.Button(example.title, size="sm", min_width=130) for example in examples]
            audio = gr.Audio(
                sources=["upload", "microphone"],
                type="filepath",
                label="Upload, record, or press an example above",
                elem_id="mixture",
                buttons=[],
            )
            gr.HTML("<h2>Sources in it</h2>")
            with gr.Group(elem_id="sources"):
                checks, counts = _sources(shelf)
            with gr.Row(elem_id="actions"):
                separate = gr.Button(
                    "Separate", variant="primary", elem_id="separate", min_width=120, scale=2
                )
                stop = gr.Button("Stop", variant="stop", elem_id="stop", min_width=70)
                reset = gr.Button("Reset", elem_id="reset", min_width=70)
            message = gr.HTML(WELCOME, elem_id="message", min_height=64)
            with gr.Column(elem_id="search"):
                gr.HTML("<h2>Search</h2><p>The four sliders act while a search is running.</p>")
                settings = _settings()
                gr.HTML(provenance(shelf), elem_id="provenance")
        with gr.Column(scale=9, min_width=300, elem_id="stage") as stage:
            live = board(_poster(examples))
            stems = gr.Radio(
                STEM_CHOICES, value="refined", label="Stems", info=STEMS_INFO, visible=False, elem_id="stems"
            )
            with gr.Row(elem_id="players"):
                players = [stem_player("mixture")] + [
                    stem_player(f"stem {k + 1}") for k in range(MOST_SOURCES)
                ]
                players.append(stem_player(RESIDUAL))
            kept = gr.State(None, time_to_live=KEPT_SECONDS)
            download = gr.DownloadButton(
                "Download everything (zip)", visible=False, elem_id="download", size="md"
            )
            with (
                gr.Accordion(
                    "True sources of this example, to compare", open=False, visible=False
                ) as truth_box,
                gr.Row(elem_id="truths"),
            ):
                truths = [stem_player(f"source {k + 1}") for k in range(MOST_SOURCES)]
    preset, sliders, start, steps, learning_rate, starts = settings
    return Controls(
        audio, checks, counts, preset, sliders, start, steps, learning_rate, starts, buttons,
        separate, stop, reset, message, live, stems, players, kept, download, stage, truth_box, truths,
    )  # fmt: skip
