"""The comparison with other methods, below a finished run's stems. Wiring of its components.

As in the audio tab pressing the button is two events: `announce`, unqueued, opens the visitor's session, so
that Stop acts even while the methods wait for their turn; `run`, queued, claims it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr
from gradio.events import Dependency

from bssdemo.ui.compare import Compared, heard
from bssdemo.ui.compare_controls import lay_out
from bssdemo.ui.compare_methods import catalogue, check
from bssdemo.ui.compare_visit import compared, opened, scored, skipped
from bssdemo.ui.examples import Example
from bssdemo.ui.kept import Kept
from bssdemo.ui.notes import note
from bssdemo.ui.session import Sessions
from bssdemo.ui.shelf import Shelf

log = logging.getLogger(__name__)

BROKEN = "The comparison broke off because of a fault in this app; its log says more."
FORGOTTEN = "That run is no longer kept here. Press Separate to run it again."
WAITING = "Waiting for a turn on the machine …"


def compare_section(
    kept: gr.State, board: gr.HTML, examples: Sequence[Example], shelf: Shelf, sessions: Sessions, turn: str
) -> Callable[[Dependency], Dependency]:
    """Build the section for the run in `kept`, last seen on `board`; its methods wait in the queue `turn`.

    Returns what is to follow every event that sets `kept` (its own change event comes for queued ones only).
    """
    ui = lay_out()

    def announce(request: gr.Request, kept: Kept | None, chosen: list[str]) -> list[Any]:
        if kept is None:
            return [note(FORGOTTEN, problem=True), gr.skip()]
        try:
            about = heard(kept)
            check(chosen, catalogue(about.sources, shelf), len(about.labels), about.seconds)
        except ValueError as error:
            return [note(str(error), problem=True), gr.skip()]
        visitor = str(request.session_hash)
        replay_going = sessions.current(visitor) is not None
        sessions.announce(visitor)
        return [note(WAITING), kept.frames["refined"] if replay_going else gr.skip()]

    def run(
        request: gr.Request, kept: Kept | None, chosen: list[str], *truths: str | None
    ) -> Iterator[list[Any]]:
        visitor = str(request.session_hash)
        session = sessions.claim(visitor)
        if session is None or kept is None:
            yield skipped(ui)
            return
        try:
            yield from compared(kept, chosen, truths, examples, shelf, session, ui)
        except ValueError as error:
            yield skipped(ui, note(str(error), problem=True))
        except Exception:
            log.exception("a comparison failed")
            yield skipped(ui, note(BROKEN, problem=True))
        finally:
            sessions.end(visitor, session)

    def score(kept: Kept | None, left: Compared | None, *truths: str | None) -> list[Any]:
        if kept is None:
            return skipped(ui, note(FORGOTTEN, problem=True))
        try:
            return scored(kept, left, truths, ui)
        except ValueError as error:
            return skipped(ui, note(str(error), problem=True))

    def halt(request: gr.Request) -> None:
        sessions.stop(str(request.session_hash))

    private: dict[str, Any] = {"api_visibility": "private"}
    at_once = private | {"queue": False, "show_progress": "hidden"}
    in_turn = private | {"concurrency_id": turn, "concurrency_limit": 1, "show_progress_on": ui.message}
    announced = ui.run.click(announce, [kept, ui.chosen], [ui.message, board], **at_once)
    announced.then(run, [kept, ui.chosen, *ui.truths], ui.results, trigger_mode="multiple", **in_turn)
    ui.stop.click(halt, None, None, **at_once)
    ui.score.click(score, [kept, ui.compared, *ui.truths], ui.results, **in_turn)

    def refreshed(event: Dependency) -> Dependency:
        outputs = [ui.box, ui.chosen, *ui.truths, *ui.results]
        return event.then(lambda run_left: opened(run_left, shelf, ui), kept, outputs, **at_once)

    return refreshed
