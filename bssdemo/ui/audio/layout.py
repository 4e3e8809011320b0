"""The audio tab's components and their layout; what they do is wired in events.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from bssdemo.search.pgd import PRESETS
from bssdemo.search.sliders import LEAST, MOST, NAMES, positions
from bssdemo.separation import Networks
from bssdemo.separation.heard import MOST_SECONDS
from bssdemo.separation.request import SHARED
from bssdemo.ui.audio.downloads import FORMATS
from bssdemo.ui.audio.examples import Example
from bssdemo.ui.board.components import EMPTY, board
from bssdemo.ui.cards.row import cards, on_cards
from bssdemo.ui.cut.component import cut
from bssdemo.ui.mixer.component import EMPTY as SILENT
from bssdemo.ui.mixer.component import mixer, value_of
from bssdemo.ui.notes import Updates, note
from bssdemo.ui.walk.component import walk

DEFAULT_PRESET = "balanced"
HOW = "The sliders act at once. R pull holds the sounds: lower it first to hear what the others do."
PRESET_CHOICES = [("Balanced", "balanced"), ("Paper", "paper"), ("The paper's code", "reference")]
SLIDERS = (
    ("β₁ spectral", "The sum of the sounds moves closer to your recording."),
    ("β₂ dissociation", "The sounds move away from each other."),
    ("β₃ coherence", "The sounds begin and end where your recording does."),
    ("β₄ frequency", "Low and high parts become as strong as in your recording."),
    ("R pull", "A network's first guess holds the sounds more firmly; at 0 it lets them go."),
)
START_CHOICES = [("Nothing (z = 0)", "zeros"), ("First guess", "encoder")]
RUN_CHOICES = [("This run", "this"), ("The run before", "before")]
RUN_INFO = "Both runs on the board and in the mixer. Downloads are of this run."
STEM_CHOICES = [("Refined", "refined"), ("Raw", "raw")]
STEMS_INFO = "Refined: your recording itself, shared out. Raw: the sounds that the search made up."
KEPT_SECONDS = 3600  # a result can be switched for so long
WELCOME = note("Press an example above, or bring a recording, tick what you hear in it, and press Separate.")
WATCH_CLASS = "watching"  # of the columns: the sliders come first
_COLUMNS = "() => { const all = document.getElementById('columns');"
WATCHING = f"{_COLUMNS} all.classList.add('{WATCH_CLASS}'); all.scrollIntoView({{ block: 'start' }}); }}"
NOT_WATCHING = f"{_COLUMNS} all.classList.remove('{WATCH_CLASS}'); }}"


@dataclass(frozen=True)
class Controls:
    """Every component that an event reads or writes."""

    audio: gr.Audio
    cut: gr.HTML  # which part of it
    hearing: gr.State  # dict[str, Confidence]: how sure a network is of every source of the chosen recording
    proposed: gr.State  # tuple[str, ...]: what is ticked by the page, not by the visitor
    checks: dict[str, gr.Checkbox]  # by prior
    counts: dict[str, gr.Radio]
    preset: gr.Radio
    sliders: list[gr.Slider]
    start: gr.Radio
    steps: gr.Slider
    learning_rate: gr.Number
    starts: gr.Slider
    seed: gr.Number
    examples: list[gr.Button]
    separate: gr.Button
    watch: gr.Button
    stop: gr.Button
    reset: gr.Button
    message: gr.HTML
    board: gr.HTML
    stems: gr.Radio  # which kind of stem is shown and heard
    mixer: gr.HTML  # what is heard of a run
    outcome: gr.State  # Outcome | None: what the visitor's last run left
    former: gr.State  # Outcome | None: what the run before it left, on the same recording
    which: gr.Radio  # of the two runs, the one that is shown and heard
    download: gr.DownloadButton
    part: gr.Dropdown  # which sound to download by itself
    form: gr.Radio  # its format
    take: gr.DownloadButton
    stage: gr.Column  # where results are
    bundled: Sequence[Example]

    @property
    def settings(self) -> list[Any]:
        """What a preset sets."""
        return [*self.sliders, self.start, self.steps, self.learning_rate, self.starts]

    @property
    def request(self) -> list[Any]:
        """What a separation is asked with."""
        return [
            self.audio,
            self.cut,
            self.preset,
            *self.settings,
            self.seed,
            *self.checks.values(),
            *self.counts.values(),
        ]

    @property
    def results(self) -> list[Any]:
        """What a run sets."""
        return [
            self.message,
            self.board,
            self.outcome,
            self.former,
            self.which,
            self.stems,
            self.mixer,
            self.download,
            self.part,
            self.form,
            self.take,
        ]


def preset_settings(ui: Controls, name: str) -> Updates:
    """A preset's values of the settings."""
    config = PRESETS[name]
    return {
        **dict(zip(ui.sliders, positions(config), strict=True)),
        ui.start: config.start,
        ui.steps: config.steps,
        ui.learning_rate: config.learning_rate,
        ui.starts: config.starts,
    }


def _sources(networks: Networks) -> tuple[dict[str, gr.Checkbox], dict[str, gr.Radio]]:
    checks, counts = {}, {}
    for name, prior in networks.priors.items():
        with gr.Row(elem_classes="source-row"):
            checks[name] = gr.Checkbox(
                label=prior.label, container=False, scale=3, min_width=150, interactive=True
            )
            counts[name] = gr.Radio(
                [("one", 1), ("two", 2)], value=1, label=f"How many of {prior.label}", show_label=False,
                container=False, scale=2, min_width=120, interactive=True,
            )  # fmt: skip
    return checks, counts


def _settings() -> tuple[gr.Radio, list[gr.Slider], gr.Radio, gr.Slider, gr.Number, gr.Slider, gr.Number]:
    config = PRESETS[DEFAULT_PRESET]
    preset = gr.Radio(
        PRESET_CHOICES,
        value=DEFAULT_PRESET,
        label="Preset",
        info="Its weights act at once, the rest from the next run on.",
        elem_id="preset",
    )
    sliders = [
        gr.Slider(LEAST, MOST, value, step=0.01, label=label, info=info, elem_id=f"beta-{at}")
        for at, ((label, info), value) in enumerate(zip(SLIDERS, positions(config), strict=True), start=1)
    ]
    start = gr.Radio(
        START_CHOICES,
        value=config.start,
        label="Start",
        info="nothing: you see the sounds form; first guess: a network's answer at once",
        elem_id="start",
    )
    with gr.Accordion("Steps, learning rate, starts, seed", open=False):
        steps = gr.Slider(10, SHARED.steps, config.steps, step=2, label="Steps")
        learning_rate = gr.Number(
            config.learning_rate, minimum=0.001, maximum=1, step=0.005, label="Learning rate of Adam"
        )
        starts = gr.Slider(
            1,
            SHARED.starts,
            config.starts,
            step=1,
            label="Starts",
            info="searches side by side, of which the best is kept; more take longer",
        )
        seed = gr.Number(
            0,
            precision=0,
            label="Seed",
            info="another number gives other random beginnings: to two of a kind, and to several starts",
            elem_id="seed",
        )
    return preset, sliders, start, steps, learning_rate, starts, seed


def _poster(examples: Sequence[Example]) -> str:
    """What the board shows at first: the end of the first example's recorded run, if there is one."""
    frames = examples[0].frames if examples else []
    return frames[-1][1] if frames else EMPTY


def _sounds(examples: Sequence[Example], networks: Networks) -> dict[str, Any]:
    """What the mixer plays at first: the same example's stems."""
    for example in examples:
        outcome = example.outcome([networks.label(name) for name in example.sources])
        if outcome:
            return value_of(
                outcome.name,
                outcome.tracks("refined", example.truths()),
                f"Example: {example.title}. Press play, then hear each sound alone.",
            )
    return SILENT


def lay_out(networks: Networks, examples: Sequence[Example]) -> Controls:
    """Build the tab inside the current Blocks context."""
    assert len(SLIDERS) == len(NAMES)
    walk()
    opened = cards(examples, networks)
    with gr.Row(elem_id="columns"):
        with gr.Column(scale=4, min_width=300, elem_id="controls"):
            gr.HTML(f"<h2>Your recording</h2><p>Any sound file; up to {MOST_SECONDS} s of it at once.</p>")
            audio = gr.Audio(
                sources=["upload", "microphone"],
                type="filepath",
                label="Upload or record",
                elem_id="mixture",
                buttons=[],
            )
            part_of = cut()
            gr.HTML("<h2>What do you hear in it?</h2>")
            with gr.Column(elem_id="sources"), gr.Group():  # a group itself would give its id twice
                checks, counts = _sources(networks)
            with gr.Row(elem_id="actions"):
                separate = gr.Button(
                    "Separate", variant="primary", elem_id="separate", min_width=100, scale=2
                )
                watch = gr.Button("Watch it search", elem_id="watch", min_width=100, scale=2)
                stop = gr.Button("Stop", variant="stop", elem_id="stop", min_width=70)
                reset = gr.Button("Reset", elem_id="reset", min_width=70)
            message = gr.HTML(WELCOME, elem_id="message", min_height=64)
            with gr.Column(elem_id="search"):
                gr.HTML(f"<h2>How it searches</h2><p>{HOW}</p>")
                settings = _settings()
            with gr.Row(elem_id="more-examples"):
                for example in examples:
                    if example.slug not in opened:
                        opened[example.slug] = gr.Button(example.title, size="sm", min_width=130)
        with gr.Column(scale=9, min_width=300, elem_id="stage") as stage:
            sounds = mixer(_sounds(on_cards(examples)[:1], networks), "Mixer", "stage-mixer")
            live = board(_poster(on_cards(examples)[:1]))
            stems = gr.Radio(
                STEM_CHOICES, value="refined", label="Stems", info=STEMS_INFO, visible=False, elem_id="stems"
            )
            which = gr.Radio(
                RUN_CHOICES, value="this", label="Run", info=RUN_INFO, visible=False, elem_id="which"
            )
            outcome, former = (gr.State(None, time_to_live=KEPT_SECONDS) for _ in range(2))
            hearing, proposed = gr.State({}), gr.State(())
            with gr.Row(elem_id="downloads"):
                part = gr.Dropdown(
                    [], value=None, label="One sound, or all but one", visible=False, elem_id="part"
                )
                form = gr.Radio(FORMATS, value="wav", label="Format", visible=False, elem_id="form")
                take = gr.DownloadButton("Download it", visible=False, elem_id="take", size="md")
                download = gr.DownloadButton(
                    "Download everything (zip)", visible=False, elem_id="download", size="md"
                )
    buttons = [opened[example.slug] for example in examples]
    preset, sliders, start, steps, learning_rate, starts, seed = settings
    return Controls(
        audio, part_of, hearing, proposed, checks, counts, preset, sliders, start, steps, learning_rate, starts, seed,
        buttons, separate, watch, stop, reset, message, live, stems, sounds, outcome, former, which,
        download, part, form, take, stage, examples,
    )  # fmt: skip
