"""One visitor's search as the values of the page's components: while it runs, at its end, and packed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from bssdemo.ui import job
from bssdemo.ui.audio_output import held
from bssdemo.ui.controls import Controls
from bssdemo.ui.kept import new_folder, owning
from bssdemo.ui.notes import note
from bssdemo.ui.pace import foretold
from bssdemo.ui.result import Loss, Result, write_archive, write_sounds
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf


def skip(components: Sequence[Any]) -> list[Any]:
    """Leave these components as they are. A generator's last values are sent twice, its absent ones clear."""
    return [gr.skip() for _ in components]


def search(ready: job.Job, shelf: Shelf, session: Session, ui: Controls) -> Iterator[list[Any]]:
    """Values of `Controls.results` while a search runs, at its end, and when the zip is packed."""
    said = note(foretold(ready, shelf.pace), f"Looking for {', '.join(ready.labels)}.", *ready.notes)
    losses = []
    for snapshot, frame in job.run(ready, shelf, session):
        if session.dropped:
            yield skip(ui.results)
            return
        losses.append(Loss.of(snapshot))
        if frame is not None and not snapshot.done:
            yield [said, frame, *skip(ui.outcome)]
    weights = session.weights or ready.config.objective.weights
    result = Result.of(ready, snapshot, losses, weights, session.stopped)
    folder = new_folder()
    kept = owning(write_sounds(result, str(frame), folder), folder)
    told = note(ended(result), *ready.notes)
    yield [told, kept.frames["refined"], *held(kept), gr.skip()]
    archive = write_archive(result, folder)
    yield [*skip(ui.results[1:]), gr.DownloadButton(value=archive, visible=True)]
    archive.unlink(missing_ok=True)  # Gradio serves a copy


def ended(result: Result) -> str:
    """How a run ended, and what it took from the first step to the refined stems."""
    step, steps = result.answer.step, result.answer.steps
    sentences = {
        "done": f"Done: {steps} steps and the refinement took {result.seconds:.1f} s.",
        "stopped": f"Stopped at step {step} of {steps} after {result.seconds:.1f} s; these are the stems so far.",
        "time limit": f"A run on {result.job.seconds:.1f} s of recording may take {result.job.longest:.0f} s: "
        f"it ended at step {step} of {steps}, and these are the stems so far.",
    }
    return sentences[result.ending]
