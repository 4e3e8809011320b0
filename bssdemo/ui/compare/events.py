"""The comparison with other methods, below a finished run's stems. Wiring of its components.

As in the audio tab pressing the button is two events: `announce`, unqueued, sets up the visitor's turn, so that
Stop acts even while the methods wait; `run`, queued, takes it; where the queue is full, `refuse` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from bssdemo.machine import faults
from bssdemo.machine.shares import CrowdedError
from bssdemo.separation import Networks
from bssdemo.ui.address import address
from bssdemo.ui.audio.examples import Example
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.compare.layout import Controls, lay_out
from bssdemo.ui.compare.run import Compared, ordered
from bssdemo.ui.compare.shown import closed, compared, opened, scored
from bssdemo.ui.notes import FULL, WAITING, Updates, note, waiting
from bssdemo.ui.session import LANE, Turns, still_kept

FORGOTTEN = "That run is no longer kept here. Press Separate to run it again."


@dataclass(frozen=True)
class Section:
    """The comparison for whoever makes runs: its components, and their values when a run begins and ends."""

    ui: Controls
    networks: Networks

    @property
    def components(self) -> list[Any]:
        """What `opened` and `closed` set."""
        return self.ui.everything

    def opened(self, outcome: Outcome) -> Updates:
        """A run has left this."""
        return opened(self.ui, outcome, self.networks)

    def closed(self) -> Updates:
        """A run begins, or what one has left is gone."""
        return closed(self.ui)


def compare_section(
    outcome: gr.State, examples: Sequence[Example], networks: Networks, turns: Turns
) -> Section:
    """Build the section for the run in `outcome`."""
    ui = lay_out()
    unchanged: Updates = {ui.message: gr.skip()}

    def problem(error: Exception | str) -> Updates:
        return {ui.message: note(str(error), problem=True)}

    def announce(request: gr.Request, left: Outcome | None, chosen: list[str]) -> Updates:
        if left is None:
            return problem(FORGOTTEN)
        try:
            ordered(chosen, left, networks)
        except ValueError as error:
            return problem(error)
        try:
            turns.announce(str(request.session_hash), "comparison", address=address(request))
        except CrowdedError as error:
            return problem(error)
        return {ui.message: note(WAITING)}

    def run(
        request: gr.Request, left: Outcome | None, chosen: list[str], *truths: str | None
    ) -> Iterator[Updates]:
        with turns.taken(str(request.session_hash), "comparison") as turn:
            if turn is None or left is None:
                yield unchanged
                return
            try:
                for ahead in turn.waits():
                    yield {ui.message: note(waiting(ahead))}
                if turn.dropped:
                    return
                still_kept(*truths)
                yield from compared(left, chosen, truths, examples, networks, turn, ui)
                yield unchanged  # the last values are sent twice
            except Exception as error:
                yield problem(faults.told(error, "the comparison", str(request.session_hash)))

    def refuse(request: gr.Request) -> Updates:
        turns.leave(str(request.session_hash), "comparison")
        return problem(FULL)

    def score(left: Outcome | None, others: Compared | None, *truths: str | None) -> Updates:
        if left is None:
            return problem(FORGOTTEN)
        try:
            still_kept(*truths)
            return scored(ui, left, others, truths)
        except ValueError as error:
            return problem(error)

    def halt(request: gr.Request) -> None:
        turns.stop(str(request.session_hash), "comparison")

    private: dict[str, Any] = {"api_visibility": "private"}
    at_once = private | {"queue": False, "show_progress": "hidden"}
    in_turn = private | LANE | {"show_progress_on": ui.message}
    announced = ui.run.click(announce, [outcome, ui.chosen], ui.message, **at_once)
    ran = announced.then(
        run, [outcome, ui.chosen, *ui.truths], ui.results, trigger_mode="multiple", **in_turn
    )
    ran.failure(refuse, None, ui.message, **at_once)
    ui.stop.click(halt, None, None, **at_once)
    ui.score.click(score, [outcome, ui.compared, *ui.truths], ui.results, **in_turn).failure(
        lambda: problem(FULL), None, ui.message, **at_once
    )
    return Section(ui, networks)
