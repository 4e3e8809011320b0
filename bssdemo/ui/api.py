"""The public endpoints, for gradio_client and the page's API view: `separate` and `stop`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from bssdemo.search.objective import TERMS
from bssdemo.search.pgd import PRESETS
from bssdemo.ui import job
from bssdemo.ui.audio_tab import CPU
from bssdemo.ui.result import Loss, Result, write_archive, write_sounds
from bssdemo.ui.session import Sessions
from bssdemo.ui.shelf import Shelf


def endpoints(shelf: Shelf, sessions: Sessions) -> None:
    """Register the endpoints in the current Blocks context, on components nobody sees."""

    def separate(
        request: gr.Request, audio: str | None, sources: str, preset: str, steps: int | float | None
    ) -> Iterator[tuple[dict[str, Any], str | None]]:
        """Take a mixture apart by searching the GAN priors of the sources it holds.

        Streams the progress; the last update carries a zip: mixture.wav, a refined stem per source and
        residual.wav (they add up to the mixture, in its channels and sample rate), the raw estimates in raw/
        (mono, 16 kHz), settings.json, losses.csv and figure.png.

        Args:
            audio: the mixture, any file libsndfile or ffmpeg reads; its first 60 s are separated.
            sources: names of the priors, separated by commas, one per stem: "digit,piano".
            preset: "balanced", "paper" or "reference".
            steps: how many steps to search, the preset's number if empty; a long recording is searched
                in fewer, which its progress tells.

        Returns:
            progress: status, step, steps, seconds, total and the four terms by name.
            archive: the zip when the search has ended, nothing before.
        """
        visitor = str(request.session_hash)
        chosen = [name.strip() for name in sources.split(",") if name.strip()]
        try:
            ready = job.order(audio, chosen, shelf, preset, steps=steps or None)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error
        sessions.announce(visitor, ready.config.objective.weights)
        session = sessions.claim(visitor)
        if session is None:
            return
        losses = []
        try:
            for snapshot, frame in job.run(ready, shelf, session):
                losses.append(Loss.of(snapshot))
                if frame is not None and not snapshot.done:
                    yield _progress("searching", losses[-1], snapshot), None
            weights = session.weights or ready.config.objective.weights
            result = Result.of(ready, snapshot, losses, weights, session.stopped)
            with tempfile.TemporaryDirectory() as folder:
                write_sounds(result, str(frame), Path(folder))
                archive = write_archive(result, Path(folder))
                yield _progress(result.ending, losses[-1], snapshot), str(archive)
        finally:
            sessions.end(visitor, session)

    def stop(request: gr.Request) -> None:
        """End the search this client has going; it still delivers the stems it has."""
        sessions.stop(str(request.session_hash))

    with gr.Row(visible=False):
        inputs = [
            gr.Audio(type="filepath", label="audio"),
            gr.Textbox("digit,piano", label="sources"),
            gr.Radio(list(PRESETS), value="balanced", label="preset"),
            gr.Number(None, precision=0, label="steps"),
        ]
        outputs = [gr.JSON(label="progress"), gr.File(label="archive")]
        gr.Button("separate").click(
            separate, inputs, outputs, api_name="separate", concurrency_id=CPU, concurrency_limit=1
        )
        gr.Button("stop").click(stop, None, None, api_name="stop", queue=False)


def _progress(status: str, loss: Loss, snapshot: Any) -> dict[str, Any]:
    numbers = {"step": loss.step, "steps": snapshot.steps, "seconds": round(snapshot.elapsed, 3)}
    return {"status": status, **numbers, "total": loss.total, **dict(zip(TERMS, loss.terms, strict=True))}
