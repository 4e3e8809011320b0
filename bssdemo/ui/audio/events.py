"""The audio tab: a mixture comes apart, live. Wiring of the components to the search.

Pressing Separate is two events: `announce`, unqueued, checks the request and sets up the visitor's turn, so that
Stop and the sliders act even while the run waits; `run`, queued, takes it. Nothing on the page is cleared before
the run begins, and where the queue is full, Gradio refuses `run` and `refuse` says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from bssdemo.machine import faults
from bssdemo.machine.shares import CrowdedError
from bssdemo.search.pgd import PRESETS
from bssdemo.search.sliders import positions, weights_at
from bssdemo.separation import Job, Networks, Request, prepare
from bssdemo.separation.forecast import foretold
from bssdemo.separation.guess import listened, proposed
from bssdemo.separation.request import SHARED
from bssdemo.ui.address import address
from bssdemo.ui.audio.chosen import guessed, looked_at, on_board, unheard_of
from bssdemo.ui.audio.downloads import Format, write
from bssdemo.ui.audio.examples import Example, find
from bssdemo.ui.audio.former import Which
from bssdemo.ui.audio.layout import (
    DEFAULT_PRESET,
    NOT_WATCHING,
    WATCHING,
    WELCOME,
    Controls,
    lay_out,
    preset_settings,
)
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.audio.players import switched, unheard
from bssdemo.ui.audio.replay import left, opened, replayed
from bssdemo.ui.audio.search import WATCHED, searched
from bssdemo.ui.board.components import EMPTY, value_of
from bssdemo.ui.compare.events import Section, compare_section
from bssdemo.ui.cut.component import EMPTY as NOTHING_TO_CUT
from bssdemo.ui.cut.component import part_of
from bssdemo.ui.notes import FULL, WAITING, Updates, note, waiting
from bssdemo.ui.session import LANE, Kind, Recordings, Turns, writing

NOT_BEGUN = "Stopped before the search began."
FORGOTTEN = "These stems are no longer kept here. Press Separate to search again."
NO_FILE = "Choose a mixture first: upload a file, record one, or press an example."
OPENS = "() => document.dispatchEvent(new CustomEvent('bss-opens'))"  # the mixer takes the keyboard then
SOME_SOURCES = 2  # a forecast is for so many when none is ticked yet


@dataclass(frozen=True)
class Tab:
    """What the tab is made of, for whoever sets it from outside."""

    ui: Controls
    comparison: Section


def audio_tab(blocks: gr.Blocks, networks: Networks, turns: Turns, pace: float) -> Tab:
    """Build the tab inside `blocks`; `pace` as `ui.networks.warm_up` measured it."""
    examples, recordings = find(), Recordings()
    for example in examples:
        _ = example.heard  # decoded before the first visitor comes
    ui = lay_out(networks, examples)
    with ui.stage:
        comparison = compare_section(ui.outcome, examples, networks, turns)
    unchanged: Updates = {ui.message: gr.skip()}

    def ticked(values: Updates) -> tuple[str, ...]:
        return tuple(
            name for name, check in ui.checks.items() if values[check] for _ in range(int(values[ui.counts[name]]))
        )  # fmt: skip

    def asked(values: Updates, sources: Sequence[str] = (), watch: bool = False) -> Request:
        return Request(
            ticked(values) or tuple(sources),
            preset=values[ui.preset],
            weights=weights_at(*(values[slider] for slider in ui.sliders)),
            steps=values[ui.steps],
            learning_rate=values[ui.learning_rate],
            starts=values[ui.starts],
            start=values[ui.start],
            seed=values[ui.seed] or 0,
            watch=watch,
        )

    def ordered(visitor: str, values: Updates, sources: Sequence[str] = (), watch: bool = False) -> Job:
        if not values[ui.audio]:
            raise ValueError(NO_FILE)
        heard = recordings.heard(visitor, values[ui.audio], part_of(values[ui.cut]))
        return prepare(heard, asked(values, sources, watch), networks, SHARED)

    def forecast(request: gr.Request, values: Updates) -> Updates:
        """What a search of the chosen part for the ticked sources will take, and which of them are not heard."""
        if not values[ui.audio]:
            return {ui.message: gr.skip()}
        try:
            job = ordered(_visitor(request), values, list(networks.priors)[:SOME_SOURCES])
        except ValueError as error:
            return {ui.message: note(str(error), problem=True)}
        missing = unheard_of(values[ui.hearing], ticked(values), networks)
        return {ui.message: note(foretold(job, pace), missing, *job.notes)}

    def retick(request: gr.Request, values: Updates) -> Updates:
        """Other sources are ticked; what a run that is going says of itself stays."""
        going = turns.current(_visitor(request), "search") is not None
        return {ui.message: gr.skip()} if going else forecast(request, values)

    def recut(request: gr.Request, values: Updates) -> Updates:
        """Another part of the recording is chosen."""
        told = forecast(request, values)
        if not values[ui.audio]:
            return told
        turns.leave(_visitor(request), "replay")
        try:
            heard = recordings.heard(_visitor(request), values[ui.audio], part_of(values[ui.cut]))
        except ValueError:  # which `told` says
            return told
        return {**told, ui.board: on_board(heard)}

    def choose(request: gr.Request, values: Updates) -> Updates:
        """A file is there: its spectrogram, and which part of it there is to choose."""
        visitor, cleared = _visitor(request), {ui.hearing: {}, ui.cut: NOTHING_TO_CUT}
        if not values[ui.audio]:
            return cleared
        turns.leave(visitor, "replay")
        try:
            heard = recordings.heard(visitor, values[ui.audio])
        except ValueError as error:
            return cleared | {ui.message: note(str(error), problem=True)}
        return {ui.hearing: {}, **looked_at(values[ui.audio], heard, ui)}

    def listen(request: gr.Request, values: Updates) -> Updates:
        """Then its sources, which are ticked where the visitor has ticked none."""
        if not values[ui.audio]:
            return {ui.message: gr.skip()}
        try:
            heard = recordings.heard(_visitor(request), values[ui.audio], part_of(values[ui.cut]))
        except ValueError as error:
            return {ui.message: note(str(error), problem=True)}
        hearing = listened(heard, networks)
        own = set(ticked(values)) != set(values[ui.proposed])
        guesses = () if own and ticked(values) else proposed(hearing)
        if guesses:
            values = values | {check: name in guesses for name, check in ui.checks.items()}
        told = forecast(request, values | {ui.hearing: hearing})
        if not (own and ticked(values)):
            told[ui.message] = guessed(guesses, networks) + told[ui.message]
        ticks = {check: name in guesses for name, check in ui.checks.items()} if guesses else {}
        return {**told, **ticks, ui.hearing: hearing, ui.proposed: guesses}

    def announce(request: gr.Request, values: Updates) -> Updates:
        return announced_as(request, values, watch=False)

    def announce_watched(request: gr.Request, values: Updates) -> Updates:
        return announced_as(request, values, watch=True)

    def announced_as(request: gr.Request, values: Updates, watch: bool) -> Updates:
        visitor = _visitor(request)
        try:
            job = ordered(visitor, values, watch=watch)
        except ValueError as error:
            return {ui.message: note(str(error), problem=True)}  # whatever is going goes on
        weights = job.setup.config.objective.weights
        try:
            turns.announce(visitor, "search", weights, values[ui.stems], address(request), watch)
        except CrowdedError as error:
            return {ui.message: note(str(error), problem=True)}
        turns.stop(visitor, "comparison")  # its mixture is about to be replaced
        return {ui.message: note(told_before(job, watch), WAITING, *job.notes)}

    def told_before(job: Job, watch: bool) -> str:
        return f"The search from nothing, slowed to about {WATCHED:.0f} s." if watch else foretold(job, pace)

    def run(request: gr.Request, values: Updates) -> Iterator[Updates]:
        visitor = _visitor(request)
        with turns.taken(visitor, "search") as turn:
            if turn is None:
                yield unchanged
                return
            try:
                for ahead in turn.waits():
                    yield {ui.message: note(waiting(ahead))}
                if turn.dropped:
                    return
                if turn.stopped:
                    yield {ui.message: note(NOT_BEGUN)}
                    return
                job = ordered(visitor, values, watch=turn.watched)
                turns.leave(visitor, "replay", "comparison")
                looking = f"Looking for {', '.join(job.labels)}."
                said = note(told_before(job, turn.watched), looking, *job.notes)
                begins = comparison.closed()
                for updates, outcome in searched(job, said, turn, ui, values[ui.outcome]):
                    yield {**begins, **updates, **(comparison.opened(outcome) if outcome else {})}
                    begins = {}
                yield unchanged
            except Exception as error:
                yield {ui.message: note(faults.told(error, "the search", visitor), problem=True)}

    def refuse(request: gr.Request) -> Updates:
        turns.leave(_visitor(request), "search")
        return {ui.message: note(FULL, problem=True)}

    def retune(request: gr.Request, *values: int | float) -> None:
        turn = turns.current(_visitor(request), "search")
        if turn is not None:
            turn.weights = weights_at(*values)

    def preset(request: gr.Request, name: str) -> Updates:
        """Its settings; its weights also in a run that is going, whose sliders they are."""
        retune(request, *positions(PRESETS[name]))
        return preset_settings(ui, name)

    def switch(
        request: gr.Request, kind: Kind, which: Which, outcome: Outcome | None, former: Outcome | None
    ) -> Updates:
        visitor = _visitor(request)
        waiting = turns.current(visitor, "search")
        if waiting is not None:
            waiting.stems = kind
        shown = former if which == "before" else outcome
        if shown is None:
            return {ui.message: note(FORGOTTEN)}
        turns.stop(visitor, "replay")  # it must not go on over it
        return {ui.board: value_of(shown.frames[kind]), **switched(ui, shown, kind)}

    def prepare_file(
        outcome: Outcome | None, kind: Kind, what: str | None, form: Format
    ) -> Iterator[Updates]:
        if outcome is None or not what:
            yield {ui.take: gr.DownloadButton(visible=False)}
            return
        with writing() as folder:
            file = write(outcome, kind, what, form, folder.path)
            yield {ui.take: gr.DownloadButton(f"Download {file.name}", value=file, visible=True)}
        folder.remove()  # Gradio serves a copy

    def halt(request: gr.Request) -> Updates:
        waits = turns.current(_visitor(request), "search")
        turns.stop(_visitor(request), "search", "replay", "comparison")
        return {ui.message: note(NOT_BEGUN) if waits is not None and not waits.working else gr.skip()}

    def reset(request: gr.Request) -> Updates:
        turns.leave(_visitor(request), "search", "replay", "comparison")
        return {
            ui.audio: None,
            ui.cut: NOTHING_TO_CUT,
            ui.hearing: {},
            ui.proposed: (),
            ui.preset: DEFAULT_PRESET,
            **preset_settings(ui, DEFAULT_PRESET),
            ui.seed: 0,
            **dict.fromkeys(ui.checks.values(), False),
            **dict.fromkeys(ui.counts.values(), 1),
            ui.message: WELCOME,
            ui.board: EMPTY,
            **unheard(ui),
            **comparison.closed(),
        }

    def leave(request: gr.Request) -> None:
        turns.leave(_visitor(request))
        recordings.forget(_visitor(request))

    def opener(example: Example) -> Callable[[gr.Request], Updates]:
        def show(request: gr.Request) -> Updates:
            visitor = _visitor(request)
            turns.leave(visitor, "search", "comparison")
            turns.announce(visitor, "replay")
            outcome = left(example, networks)
            section = comparison.opened(outcome) if outcome else comparison.closed()
            return {**opened(example, outcome, ui), **section}

        return show

    def replayer(example: Example) -> Callable[[gr.Request], AsyncIterator[Updates]]:
        async def replay(request: gr.Request) -> AsyncIterator[Updates]:
            with turns.taken(_visitor(request), "replay") as turn:
                if turn is None:
                    yield {ui.board: gr.skip()}
                    return
                async for updates in replayed(example, turn, ui):
                    yield updates

        return replay

    def finisher(example: Example) -> Callable[[gr.Request], Updates]:
        def finish(request: gr.Request) -> Updates:
            turns.leave(_visitor(request), "replay")
            return {ui.board: example.frames[-1][1] if example.frames else EMPTY}

        return finish

    private: dict[str, Any] = {"api_visibility": "private"}
    at_once = private | {"queue": False, "show_progress": "hidden"}
    everything = [*ui.request, ui.hearing, ui.proposed, *ui.results, *comparison.components]
    for button, begin, moves in (
        (ui.separate, announce, NOT_WATCHING), (ui.watch, announce_watched, WATCHING)
    ):  # fmt: skip
        button.click(None, js=moves, **at_once)
        announced = button.click(begin, {*ui.request, ui.stems}, ui.message, **at_once)
        ran = announced.then(
            run, {*ui.request, ui.outcome}, [*ui.results, *comparison.components], **LANE, show_progress="full",
            show_progress_on=ui.message, trigger_mode="multiple", **private,
        )  # fmt: skip
        ran.failure(refuse, None, ui.message, **at_once)
    gr.on(
        [slider.input for slider in ui.sliders],
        retune,
        ui.sliders,
        None,
        trigger_mode="always_last",
        **at_once,
    )
    ui.preset.input(preset, ui.preset, ui.settings, **at_once)
    ui.stop.click(halt, None, ui.message, **at_once)
    ui.reset.click(reset, None, everything, **at_once)
    ui.reset.click(None, js=NOT_WATCHING, **at_once)
    for button, example in zip(ui.examples, examples, strict=True):
        button.click(None, js=OPENS, **at_once)
        shown = button.click(opener(example), None, everything, **at_once)
        played = shown.then(
            replayer(example), None, ui.board, concurrency_id="replay", concurrency_limit=16,
            show_progress="hidden", trigger_mode="multiple", **private,
        )  # fmt: skip
        played.failure(finisher(example), None, ui.board, **at_once)
    known = {*ui.request, ui.hearing, ui.proposed}
    for event in (ui.audio.upload, ui.audio.stop_recording, ui.audio.clear):
        event(choose, known, [ui.message, ui.board, ui.cut, ui.hearing], **at_once).then(
            listen, known, [ui.message, *ui.checks.values(), ui.hearing, ui.proposed], **at_once
        )
    ui.cut.input(recut, known, [ui.message, ui.board], trigger_mode="always_last", **at_once)
    gr.on(
        [*(one.input for one in ui.checks.values()), *(one.input for one in ui.counts.values())],
        retick, known, ui.message, trigger_mode="always_last", **at_once,
    )  # fmt: skip
    for event in (ui.stems.input, ui.which.input):
        event(
            switch, [ui.stems, ui.which, ui.outcome, ui.former], [ui.message, ui.board, ui.mixer], **at_once
        )
    for event in (ui.part.input, ui.form.input, ui.stems.input):
        event(prepare_file, [ui.outcome, ui.stems, ui.part, ui.form], ui.take, **at_once)
    blocks.unload(leave)
    return Tab(ui, comparison)


def _visitor(request: gr.Request) -> str:
    return str(request.session_hash)
