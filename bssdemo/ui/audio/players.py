"""Updates of what is heard of a run: the mixer, the switch between kinds of stem, and the download."""

from __future__ import annotations

import gradio as gr

from bssdemo.ui.audio.downloads import choices
from bssdemo.ui.audio.examples import bundled
from bssdemo.ui.audio.layout import Controls
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.mixer.component import EMPTY, value_of
from bssdemo.ui.notes import Updates
from bssdemo.ui.session import Kind


def heard(ui: Controls, outcome: Outcome, kind: Kind) -> Updates:
    """What a run left, its stems of this kind; the zip follows."""
    return {
        ui.outcome: outcome,
        ui.stems: gr.Radio(value=kind, visible=True),
        ui.part: gr.Dropdown(choices=choices(outcome), value=None, visible=True),
        ui.form: gr.Radio(visible=True),
        **switched(ui, outcome, kind),
    }


def switched(ui: Controls, outcome: Outcome, kind: Kind) -> Updates:
    """The stems of another kind; mixture, residual and true sources are the same in either."""
    example = bundled(outcome.heard.mono, outcome.sources, ui.bundled)
    truths = [example.folder / f"{name}.wav" for name in outcome.sources] if example else []
    title = f"Example: {example.title}" if example else outcome.heard.name
    return {ui.mixer: value_of(outcome.name, outcome.tracks(kind, truths), title)}


def unheard(ui: Controls) -> Updates:
    """Nothing is left of any run."""
    return {
        ui.outcome: None,
        ui.former: None,
        ui.which: gr.Radio(value="this", visible=False),
        ui.stems: gr.Radio(visible=False),
        ui.mixer: EMPTY,
        ui.download: gr.DownloadButton(visible=False),
        ui.part: gr.Dropdown(choices=[], value=None, visible=False),
        ui.form: gr.Radio(visible=False),
        ui.take: gr.DownloadButton(visible=False),
    }
