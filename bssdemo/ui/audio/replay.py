"""Opening an example: its mixture, sources and recorded run at once, then the run's frames in their time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import gradio as gr

from bssdemo.separation import Networks
from bssdemo.ui.audio.examples import Example
from bssdemo.ui.audio.layout import Controls
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.audio.players import heard, unheard
from bssdemo.ui.board.components import EMPTY
from bssdemo.ui.cut.component import EMPTY as NOTHING_TO_CUT
from bssdemo.ui.notes import Updates, note
from bssdemo.ui.session import Turn

SPEED = 1.5  # times the recorded one ...
LONGEST = 6.0  # ... and never longer than this many seconds


def left(example: Example, networks: Networks) -> Outcome | None:
    """What the example's recorded run left, its stems called as the page calls them."""
    return example.outcome([networks.label(name) for name in example.sources])


def opened(example: Example, outcome: Outcome | None, ui: Controls) -> Updates:
    """The example's mixture and sources, recorded stems and true sources."""
    story = "A recorded run of this example." if example.frames else "This example has no recorded run."
    return {
        **unheard(ui),
        **(heard(ui, outcome, "refined") if outcome else {}),
        ui.message: note(f"{story} Press Separate to search now, live.", f"Sounds: {example.attribution}"),
        ui.board: example.frames[0][1] if example.frames else EMPTY,
        ui.audio: str(example.mixture),
        ui.cut: NOTHING_TO_CUT,
        ui.hearing: {},
        ui.proposed: tuple(dict.fromkeys(example.sources)),
        **{check: name in example.sources for name, check in ui.checks.items()},
        **{count: max(1, example.sources.count(name)) for name, count in ui.counts.items()},
    }


async def replayed(example: Example, turn: Turn, ui: Controls) -> AsyncIterator[Updates]:
    """The frames of the recorded run after the first, in their time, until the visitor does something else."""
    began = time.monotonic()
    speed = max(SPEED, example.frames[-1][0] / LONGEST) if example.frames else SPEED
    for seconds, frame in example.frames[1:]:
        await asyncio.sleep(max(0.0, seconds / speed - (time.monotonic() - began)))
        if turn.stopped:
            yield {ui.board: gr.skip()}
            return
        yield {ui.board: frame}
