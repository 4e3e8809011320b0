"""One visitor's search as updates of the page: while it runs, at its end, and packed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import gradio as gr

from bssdemo.separation import Job, Result, Run, files
from bssdemo.separation.forecast import fair_run, longest_run
from bssdemo.ui.audio.former import differs, laid_beside
from bssdemo.ui.audio.layout import Controls
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.audio.players import heard, unheard
from bssdemo.ui.board.components import value_of
from bssdemo.ui.board.frame import Frame
from bssdemo.ui.board.painter import painter, unhurried, watched
from bssdemo.ui.notes import Updates, note
from bssdemo.ui.session import Turn, writing

WATCHED = 10.0  # seconds that a slowed run takes, from its first frame to its last


def searched(
    job: Job, said: str, turn: Turn, ui: Controls, before: Outcome | None = None
) -> Iterator[tuple[Updates, Outcome | None]]:
    """Updates, and with the stems what they were made of; the run `before` is cleared by the first one.

    A watched turn's frames come at an even pace; between them the machine is free for others.
    """
    turn.fair = fair_run(job)
    began = time.monotonic()
    run = Run(job, lambda: turn.weights, turn.ends, longest_run(job))
    drawing = painter(run)
    cleared = unheard(ui)
    last: Frame | None = None
    for snapshot, frame in watched(run, drawing, unhurried if turn.watched else None):
        if turn.dropped:
            return
        if frame is not None and not snapshot.done:
            yield {**cleared, ui.message: said, ui.board: value_of(frame)}, None
            cleared = {}
        last = frame
        if turn.watched and not snapshot.done:
            due = WATCHED * (snapshot.step + 1) / snapshot.steps
            turn.pause(began + due - time.monotonic())
    assert last is not None, "the last snapshot has a frame"
    result = run.result()
    frames = drawing.last(last, result)
    with writing() as folder:
        written = files.write_sounds(result, folder.path)
    if turn.dropped:
        return
    outcome = Outcome.of(result, written, frames, folder)
    told = note(ended(result, turn), differs(outcome, before), *result.notes)
    beside = laid_beside(ui, outcome, before)
    stems = {
        **heard(ui, outcome, turn.stems),
        **beside,
        ui.message: told,
        ui.board: value_of(frames[turn.stems]),
    }
    yield {**cleared, **stems}, outcome
    archive = files.archive(
        files.write_report(result, folder.path), folder.path / f"{outcome.name}-stems.zip"
    )
    yield {ui.download: gr.DownloadButton(value=archive, visible=True)}, None
    archive.unlink(missing_ok=True)  # Gradio serves a copy


def ended(result: Result, turn: Turn) -> str:
    """How a run ended, and what it took from the first step to the refined stems."""
    step, steps = result.answer.step, result.answer.steps
    slowed = ", slowed for you to watch" if turn.watched else ""
    if turn.cut_short and result.ending == "stopped":
        return (
            f"Others are waiting for this machine, so the run ended at step {step} of {steps} after its share of "
            f"{turn.fair:.0f} s; these are the stems so far."
        )
    sentences = {
        "done": f"Done: {steps} steps and the refinement took {result.seconds:.1f} s{slowed}.",
        "stopped": f"Stopped at step {step} of {steps} after {result.seconds:.1f} s; these are the stems so far.",
        "time limit": f"A run on {result.job.heard.seconds:.1f} s of recording may take "
        f"{longest_run(result.job):.0f} s: it ended at step {step} of {steps}, and these are the stems so far.",
    }
    return sentences[result.ending]
