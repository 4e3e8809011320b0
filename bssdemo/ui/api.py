"""The public endpoints, for gradio_client and the page's API view: `separate`, `compare` and `stop`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from bssdemo.search.objective import TERMS
from bssdemo.search.pgd import PRESETS
from bssdemo.snapshot import Snapshot
from bssdemo.ui import compare as comparison
from bssdemo.ui import job
from bssdemo.ui.audio_tab import CPU
from bssdemo.ui.frame import decode
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

    def compare(
        request: gr.Request, audio: str | None, method: str, sources: str
    ) -> Iterator[tuple[dict[str, Any], list[str] | None]]:
        """Take a mixture apart with a method that has no priors.

        Its components have no names and come in no particular order, but for those of "unmix", which come as named.

        Args:
            audio: the mixture, any file libsndfile or ffmpeg reads; its first 60 s, in one channel at 16 kHz.
            method: "fastica", "pca", "kernelpca" (up to 20 s of recording), "nmf", "dap" (up to 10 s) or "unmix".
            sources: how many components, 2 to 4, or names as in `separate`; "unmix" needs them: "digit,drums".

        Returns:
            progress: status, step, steps and seconds.
            components: a wav file each (mono, 16 kHz) at the end, nothing before.
        """
        visitor = str(request.session_hash)
        try:
            ready = comparison.order(audio, method, sources, shelf)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error
        sessions.announce(visitor)
        session = sessions.claim(visitor)
        if session is None:
            return
        try:
            for snapshot, frame in comparison.run(ready.method, ready.mono, ready.names, session):
                if frame is not None and not snapshot.done:
                    yield _steps("running", snapshot), None
            with tempfile.TemporaryDirectory() as folder:
                row = comparison.write(method, snapshot, str(frame), Path(folder))
                yield _steps(decode(row.frame).status, snapshot), [str(file) for file in row.files]
        finally:
            sessions.end(visitor, session)

    def stop(request: gr.Request) -> None:
        """End the run this client has going; it still delivers what it has."""
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
        asked = [inputs[0], gr.Textbox("nmf", label="method"), gr.Textbox("2", label="sources")]
        found = [gr.JSON(label="progress"), gr.File(label="components", file_count="multiple")]
        gr.Button("compare").click(
            compare, asked, found, api_name="compare", concurrency_id=CPU, concurrency_limit=1
        )
        gr.Button("stop").click(stop, None, None, api_name="stop", queue=False)


def _progress(status: str, loss: Loss, snapshot: Snapshot) -> dict[str, Any]:
    return {**_steps(status, snapshot), "total": loss.total, **dict(zip(TERMS, loss.terms, strict=True))}


def _steps(status: str, snapshot: Snapshot) -> dict[str, Any]:
    numbers = {"step": snapshot.step, "steps": snapshot.steps, "seconds": round(snapshot.elapsed, 3)}
    return {"status": status, **numbers}
