"""Opening an example: its mixture, sources and recorded run at once, then the run's frames in their time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from bssdemo.ui.audio_output import held, hidden, player
from bssdemo.ui.board import EMPTY
from bssdemo.ui.controls import Controls
from bssdemo.ui.examples import Example
from bssdemo.ui.notes import note
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf

SPEED = 1.5  # times the recorded one ...
LONGEST = 6.0  # ... and never longer than this many seconds


def opened(example: Example, shelf: Shelf, ui: Controls) -> list[Any]:
    """Values of `Controls.opened`: the example's mixture and sources, recorded stems and true sources."""
    frames, truths = example.frames(), example.truths()
    labels = [shelf.label(name) if name in shelf.priors else name for name in example.sources]
    story = "A recorded run of this example." if frames else "This example has no recorded run."
    return [
        note(f"{story} Press Separate to search now, live.", f"Sounds: {example.attribution}"),
        frames[0][1] if frames else EMPTY,
        *held(example.kept(labels)),
        gr.DownloadButton(visible=False),
        str(example.mixture),
        *(name in example.sources for name in shelf.priors),
        *(max(1, example.sources.count(name)) for name in shelf.priors),
        gr.Accordion(visible=bool(truths)),
        *(player(label, path) for label, path in zip(labels, truths, strict=False)),
        *(hidden() for _ in ui.truths[len(truths) :]),
    ]


async def replayed(example: Example, session: Session) -> AsyncIterator[Any]:
    """The frames of the recorded run after the first, in their time, until the visitor does something else."""
    frames = example.frames()
    began = time.monotonic()
    speed = max(SPEED, frames[-1][0] / LONGEST) if frames else SPEED
    for seconds, frame in frames[1:]:
        await asyncio.sleep(max(0.0, seconds / speed - (time.monotonic() - began)))
        if session.stopped:
            yield gr.skip()
            return
        yield frame
