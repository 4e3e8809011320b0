"""The audio tab: a mixture comes apart, live. Wiring of the components to the search.

Pressing Separate is two events: `announce`, unqueued, checks the request and opens the visitor's
session, so that Stop and the sliders act even while the run waits its turn; `run`, queued, claims it.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from bssdemo.search.objective import Weights
from bssdemo.ui import job
from bssdemo.ui.audio_output import hidden, player, players
from bssdemo.ui.board import EMPTY
from bssdemo.ui.controls import DEFAULT_PRESET, WELCOME, Controls, lay_out, preset_settings
from bssdemo.ui.examples import Example, find
from bssdemo.ui.notes import note
from bssdemo.ui.result import Loss, Result, write_archive
from bssdemo.ui.session import Session, Sessions
from bssdemo.ui.shelf import Shelf

log = logging.getLogger(__name__)

CPU = "cpu"  # every search shares one turn: two at once are slower than one after the other
REPLAY_SPEED = 1.5  # times the recorded one ...
LONGEST_REPLAY = 6.0  # ... and never longer than this many seconds
BROKEN = "The search broke off because of a fault in this app; its log says more. Other inputs may work."


def audio_tab(blocks: gr.Blocks, shelf: Shelf, sessions: Sessions) -> None:
    """Build the tab inside `blocks`."""
    examples = find()
    ui = lay_out(shelf, examples)
    names = list(shelf.priors)
    emptied = [*players([]), gr.DownloadButton(visible=False)]

    def ordered(audio: str | None, preset: str, *values: Any) -> job.Job:
        betas, (steps, rate, starts), boxes = values[:4], values[4:7], values[7:]
        checks, counts = boxes[: len(names)], boxes[len(names) :]
        chosen = [
            name
            for name, on, count in zip(names, checks, counts, strict=True)
            for _ in range(int(count))
            if on
        ]
        weights = Weights(*map(float, betas))
        return job.order(
            audio, chosen, shelf, preset, weights=weights, steps=steps, learning_rate=rate, starts=starts
        )

    def announce(request: gr.Request, *values: Any) -> list[Any]:
        try:
            ready = ordered(*values)
        except ValueError as error:
            return [note(str(error), problem=True), *_skip(ui.outcome)]  # whatever is going goes on
        sessions.announce(_visitor(request), ready.config.objective.weights)
        return [note("Waiting for a turn on the machine …"), *emptied]

    def run(request: gr.Request, *values: Any) -> Iterator[list[Any]]:
        visitor = _visitor(request)
        session = sessions.claim(visitor)
        if session is None:
            yield _skip(ui.results)
            return
        try:
            yield from search(ordered(*values), shelf, session)
        except ValueError as error:
            yield [note(str(error), problem=True), *_skip(ui.results[1:])]
        except Exception:
            log.exception("a search failed")
            yield [note(BROKEN, problem=True), *_skip(ui.results[1:])]
        finally:
            sessions.end(visitor, session)

    def retune(request: gr.Request, *betas: int | float) -> None:
        session = sessions.current(_visitor(request))
        if session is not None:
            session.weights = Weights(*map(float, betas))

    def halt(request: gr.Request) -> None:
        sessions.stop(_visitor(request))

    def reset(request: gr.Request) -> list[Any]:
        sessions.leave(_visitor(request))
        boxes = [False for _ in ui.checks] + [1 for _ in ui.counts]
        cleared = [WELCOME, EMPTY, *emptied]
        return [None, DEFAULT_PRESET, *preset_settings(DEFAULT_PRESET), *boxes, *cleared, *no_truths()]

    def leave(request: gr.Request) -> None:
        sessions.leave(_visitor(request))

    def no_truths() -> list[Any]:
        return [gr.Accordion(visible=False), *(hidden() for _ in ui.truths)]

    def opener(example: Example) -> Callable[[gr.Request], list[Any]]:
        def show(request: gr.Request) -> list[Any]:
            sessions.announce(_visitor(request))
            return opened(example, shelf, ui)

        return show

    def replayer(example: Example) -> Callable[[gr.Request], AsyncIterator[Any]]:
        async def replay(request: gr.Request) -> AsyncIterator[Any]:
            visitor = _visitor(request)
            session = sessions.claim(visitor)
            if session is None:
                yield gr.skip()
                return
            try:
                async for frame in replayed(example, session):
                    yield frame
            finally:
                sessions.end(visitor, session)

        return replay

    private: dict[str, Any] = {"api_visibility": "private"}
    at_once = private | {"queue": False, "show_progress": "hidden"}
    announced = ui.separate.click(announce, ui.request, [ui.message, *ui.outcome], **at_once)
    announced.then(
        run, ui.request, ui.results, concurrency_id=CPU, concurrency_limit=1,
        show_progress="full", show_progress_on=ui.message, trigger_mode="multiple", **private,
    )  # fmt: skip
    gr.on(
        [slider.input for slider in ui.sliders],
        retune,
        ui.sliders,
        None,
        trigger_mode="always_last",
        **at_once,
    )
    ui.preset.input(preset_settings, ui.preset, ui.settings, **at_once)
    ui.stop.click(halt, None, None, **at_once)
    ui.reset.click(reset, None, [*ui.request, *ui.results, ui.truth_box, *ui.truths], **at_once)
    for button, example in zip(ui.examples, examples, strict=True):
        button.click(opener(example), None, ui.opened, **at_once).then(
            replayer(example), None, ui.board, concurrency_id="replay", concurrency_limit=16,
            show_progress="hidden", trigger_mode="multiple", **private,
        )  # fmt: skip
    for event in (ui.audio.upload, ui.audio.start_recording, ui.audio.clear):
        event(no_truths, None, [ui.truth_box, *ui.truths], **at_once)
    blocks.unload(leave)


def _visitor(request: gr.Request) -> str:
    return str(request.session_hash)


def _skip(components: Sequence[Any]) -> list[Any]:
    """Leave these components as they are. A generator's last values are sent twice, its absent ones clear."""
    return [gr.skip() for _ in components]


def search(ready: job.Job, shelf: Shelf, session: Session) -> Iterator[list[Any]]:
    """Values of `Controls.results` while a search runs, at its end, and when the zip is packed."""
    said = note(*(ready.notes or ["Searching …"]), f"Looking for {', '.join(ready.labels)}.")
    untouched = _skip([None] * (job.MOST_SOURCES + 1))
    losses = []
    for snapshot, frame in job.run(ready, shelf, session):
        if session.dropped:
            yield _skip([None] * (job.MOST_SOURCES + 4))
            return
        losses.append(Loss.of(snapshot))
        if frame is not None and not snapshot.done:
            yield [said, frame, *untouched, gr.DownloadButton(visible=False)]
    weights = session.weights or ready.config.objective.weights
    result = Result.of(ready, snapshot, losses, weights, session.stopped)
    told = note(_told(result), *ready.notes)
    yield [told, frame, *players(result.players()), gr.skip()]
    with tempfile.TemporaryDirectory() as folder:
        archive = write_archive(result, Path(folder))
        yield [*_skip([None] * (job.MOST_SOURCES + 3)), gr.DownloadButton(value=archive, visible=True)]


def _told(result: Result) -> str:
    step, steps, seconds = result.losses[-1].step, result.job.config.steps, result.answer.elapsed
    sentences = {
        "done": f"Done: {steps} steps in {seconds:.1f} s.",
        "stopped": f"Stopped at step {step} of {steps} after {seconds:.1f} s; these are the stems so far.",
        "time limit": f"A run may take {job.LONGEST_RUN:.0f} s on this machine: it ended at step {step} of {steps}, "
        "and these are the stems so far.",
    }
    return sentences[result.ending]


def opened(example: Example, shelf: Shelf, ui: Controls) -> list[Any]:
    """Values of `Controls.opened`: the example's mixture and sources, recorded stems and true sources."""
    frames, truths = example.frames(), example.truths()
    stems = example.stems() if frames else []
    story = "A recorded run of this example." if frames else "This example has no recorded run."
    labels = [shelf.label(name) if name in shelf.priors else name for name in example.sources]
    sounds = [("mixture", example.mixture), *zip(labels, stems, strict=True)] if stems else []
    return [
        note(f"{story} Press Separate to search now, live.", f"Sounds: {example.attribution}"),
        frames[0][1] if frames else EMPTY,
        *players(sounds),
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
    speed = max(REPLAY_SPEED, frames[-1][0] / LONGEST_REPLAY) if frames else REPLAY_SPEED
    for seconds, frame in frames[1:]:
        await asyncio.sleep(max(0.0, seconds / speed - (time.monotonic() - began)))
        if session.stopped:
            yield gr.skip()
            return
        yield frame
