"""The audio tab: a mixture comes apart, live. Wiring of the components to the search.

Pressing Separate is two events: `announce`, unqueued, checks the request and opens the visitor's
session, so that Stop and the sliders act even while the run waits its turn; `run`, queued, claims it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import gradio as gr

from bssdemo.search.objective import Weights
from bssdemo.ui import job
from bssdemo.ui.audio_output import held, hidden, switched
from bssdemo.ui.board import EMPTY
from bssdemo.ui.compare_section import compare_section
from bssdemo.ui.controls import DEFAULT_PRESET, WELCOME, lay_out, preset_settings
from bssdemo.ui.examples import Example, find
from bssdemo.ui.frame import Kind
from bssdemo.ui.kept import Kept
from bssdemo.ui.notes import note
from bssdemo.ui.pace import foretold
from bssdemo.ui.replay import opened, replayed
from bssdemo.ui.session import Sessions
from bssdemo.ui.shelf import Shelf
from bssdemo.ui.visit import search, skip

log = logging.getLogger(__name__)

CPU = "cpu"  # every search shares one turn: two at once are slower than one after the other
BROKEN = "The search broke off because of a fault in this app; its log says more. Other inputs may work."
FORGOTTEN = "These stems are no longer kept here. Press Separate to search again."
SOME_SOURCES = 2  # a forecast is for so many when none is ticked yet


def audio_tab(blocks: gr.Blocks, shelf: Shelf, sessions: Sessions) -> None:
    """Build the tab inside `blocks`."""
    examples = find()
    ui = lay_out(shelf, examples)
    names = list(shelf.priors)
    emptied = [*held(None), gr.DownloadButton(visible=False)]

    def ordered(audio: str | None, preset: str, *values: Any, sources: list[str] | None = None) -> job.Job:
        betas, (start, steps, rate, starts), boxes = values[:4], values[4:8], values[8:]
        checks, counts = boxes[: len(names)], boxes[len(names) :]
        ticked = [
            name
            for name, on, count in zip(names, checks, counts, strict=True)
            for _ in range(int(count))
            if on
        ]
        weights = Weights(*map(float, betas))
        return job.order(
            audio,
            ticked or sources or [],
            shelf,
            preset,
            weights=weights,
            steps=steps,
            learning_rate=rate,
            starts=starts,
            start=start,
        )

    def announce(request: gr.Request, *values: Any) -> list[Any]:
        try:
            ready = ordered(*values)
        except ValueError as error:
            return [note(str(error), problem=True), *skip(ui.outcome)]  # whatever is going goes on
        sessions.announce(_visitor(request), ready.config.objective.weights)
        waiting = "Waiting for a turn on the machine …"
        return [note(foretold(ready, shelf.pace), waiting, *ready.notes), *emptied]

    def forecast(*values: Any) -> str:
        try:
            ready = ordered(*values, sources=names[:SOME_SOURCES])
        except ValueError as error:
            return note(str(error), problem=True)
        return note(foretold(ready, shelf.pace), *ready.notes)

    def switch(request: gr.Request, kind: Kind, kept: Kept | None) -> list[Any]:
        if kept is None:
            return [note(FORGOTTEN), *skip(ui.shown)]
        sessions.stop(_visitor(request))  # a replay must not go on over it
        return [gr.skip(), kept.frames[kind], *switched(kept, kind)]

    def run(request: gr.Request, *values: Any) -> Iterator[list[Any]]:
        visitor = _visitor(request)
        session = sessions.claim(visitor)
        if session is None:
            yield skip(ui.results)
            return
        try:
            yield from search(ordered(*values), shelf, session, ui)
        except ValueError as error:
            yield [note(str(error), problem=True), *skip(ui.results[1:])]
        except Exception:
            log.exception("a search failed")
            yield [note(BROKEN, problem=True), *skip(ui.results[1:])]
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

    with ui.stage:
        refreshed = compare_section(ui.kept, ui.board, examples, shelf, sessions, CPU)
    private: dict[str, Any] = {"api_visibility": "private"}
    at_once = private | {"queue": False, "show_progress": "hidden"}
    announced = ui.separate.click(announce, ui.request, [ui.message, *ui.outcome], **at_once)
    refreshed(announced)
    searched = announced.then(
        run, ui.request, ui.results, concurrency_id=CPU, concurrency_limit=1,
        show_progress="full", show_progress_on=ui.message, trigger_mode="multiple", **private,
    )  # fmt: skip
    refreshed(searched)
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
    refreshed(ui.reset.click(reset, None, [*ui.request, *ui.results, ui.truth_box, *ui.truths], **at_once))
    for button, example in zip(ui.examples, examples, strict=True):
        shown = button.click(opener(example), None, ui.opened, **at_once)
        refreshed(shown)
        shown.then(
            replayer(example), None, ui.board, concurrency_id="replay", concurrency_limit=16,
            show_progress="hidden", trigger_mode="multiple", **private,
        )  # fmt: skip
    for event in (ui.audio.upload, ui.audio.stop_recording):
        event(forecast, ui.request, ui.message, **at_once)
    ui.stems.input(switch, [ui.stems, ui.kept], [ui.message, *ui.shown], **at_once)
    for event in (ui.audio.upload, ui.audio.start_recording, ui.audio.clear):
        event(no_truths, None, [ui.truth_box, *ui.truths], **at_once)
    blocks.unload(leave)


def _visitor(request: gr.Request) -> str:
    return str(request.session_hash)
