"""The endpoints for programs: `separate`, `compare`, and `stop`, which gradio_client, curl and MCP clients call.

Gradio makes the API page and the MCP tools from the docstrings, one line an argument. `unmix` stands with its tab.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr

from bssdemo.machine import faults
from bssdemo.search.objective import Weights
from bssdemo.search.pgd import PRESETS
from bssdemo.separation import Heard, Networks, Request, Run, files, prepare
from bssdemo.separation.forecast import longest_run
from bssdemo.separation.request import SHARED, STARTS
from bssdemo.separation.result import Loss
from bssdemo.snapshot import Snapshot
from bssdemo.ui.address import address
from bssdemo.ui.board.painter import paced
from bssdemo.ui.programs.asked import GUESS, comparison, sought, weighted
from bssdemo.ui.session import LANE, Activity, Turn, Turns, decoded, prefix

Number = int | float | None


def endpoints(networks: Networks, turns: Turns) -> None:
    """Register the endpoints in the current Blocks context, on components nobody sees."""

    def separate(
        request: gr.Request,
        audio: str | None,
        sources: str,
        preset: str,
        steps: Number = None,
        seed: Number = None,
        start: str | None = None,
        learning_rate: Number = None,
        starts: Number = None,
        spectral: Number = None,
        dissociation: Number = None,
        coherence: Number = None,
        frequency: Number = None,
        pull: Number = None,
    ) -> Iterator[tuple[dict[str, Any], str | None]]:
        """Take a recording apart into the sounds it is a mixture of, such as speech and piano.

        Searches one generator per kind of sound. Streams its progress; the last update carries a zip: mixture.wav,
        a refined stem per source and residual.wav (together they add up to the mixture, in its channels and rate),
        the raw estimates in raw/ (mono, 16 kHz), report.json, losses.csv and figure.png.

        Args:
            audio: The mixture, any file that libsndfile or ffmpeg reads. Its first 60 s are separated.
            sources: What it holds, one name per stem: "speech,piano". "guess" lets the encoders say what they hear.
            preset: "balanced" is the default and fast, "paper" the 2020 paper, "reference" its public code.
            steps: Steps to search, 1 to 2000; empty: the preset's. A long recording is searched in fewer.
            seed: A whole number that decides random starts; empty: 0.
            start: "zeros" begins at nothing, "encoder" at an encoder's first guess; empty: the preset's.
            learning_rate: Of Adam, above 0 and at most 1; empty: the preset's.
            starts: Searches side by side, of which the best is kept, 1 to 8; empty: the preset's.
            spectral: Weight β1, 0 to 2: the sum must match the mixture; empty: the preset's, as with those below.
            dissociation: Weight β2, 0 to 2: the sounds must differ from each other.
            coherence: Weight β3, 0 to 2: sounds must begin and end where the mixture does.
            frequency: Weight β4, 0 to 2: low and high must be as strong as in the mixture.
            pull: R pull, 0 to 2: how firmly the encoders' guess holds the sounds; 0 lets them go, 1 is the default's.

        Returns:
            progress: status, sources, step, steps, seconds, total, the four terms by name, and notes at the end;
            while others have the machine, "waiting" and how many come before.
            archive: the zip when the search has ended, nothing before.
        """
        weights = {
            "spectral": spectral, "dissociation": dissociation, "coherence": coherence,
            "frequency": frequency, "pull": pull,
        }  # fmt: skip

        def asked(heard: Heard) -> Request:
            return Request(
                sought(sources, heard, networks), preset=preset, weights=weighted(preset, **weights),
                steps=steps, learning_rate=learning_rate, starts=starts, start=start or None,
                seed=_whole(seed, "seed"),
            )  # fmt: skip

        with _read(audio) as heard:
            job = prepare(heard, asked(heard), networks, SHARED)
        told = {"sources": list(job.request.sources)}
        with _place(turns, request, "search", job.setup.config.objective.weights) as turn:
            for ahead in turn.waits():
                yield {"status": "waiting", "ahead": ahead} | told, None
            run = Run(job, lambda: turn.weights, turn.ends, longest_run(job))
            for snapshot in _due(run):
                yield _progress("searching", snapshot) | told | _losses(snapshot), None
            if turn.dropped:
                return
            result = run.result()
            with tempfile.TemporaryDirectory(prefix=prefix()) as folder:
                written = files.write(result, Path(folder))
                archive = files.archive(written, Path(folder, files.ARCHIVE))
                ending = _progress(result.ending, result.answer) | told | {"notes": list(result.notes)}
                yield ending | _losses(result.answer), str(archive)

    def compare(
        request: gr.Request, audio: str | None, method: str, sources: str, seed: Number = None
    ) -> Iterator[tuple[dict[str, Any], list[str] | None]]:
        """Take a recording apart with an older method that has learned nothing about speech or instruments.

        Its components have no names and come in no particular order, but for those of "unmix", which come as named.

        Args:
            audio: The mixture, any file that libsndfile or ffmpeg reads; its first 60 s, in one channel at 16 kHz.
            method: "fastica", "pca", "kernelpca" (up to 20 s of recording), "nmf", "dap" (up to 10 s) or "unmix".
            sources: How many components, 2 to 4, or names as in separate; "unmix" needs them: "digit,drums".
            seed: A whole number that decides everything random; empty: 0.

        Returns:
            progress: status, step, steps, seconds, and notes at the end.
            components: a wav file each (mono, 16 kHz) at the end, nothing before.
        """
        with _read(audio) as heard:
            job = prepare(
                heard, comparison(method, sources, networks, _whole(seed, "seed")), networks, SHARED
            )
        with _place(turns, request, "comparison") as turn:
            for ahead in turn.waits():
                yield {"status": "waiting", "ahead": ahead}, None
            run = Run(job, None, turn.ends, longest_run(job))
            for snapshot in _due(run):
                yield _progress("running", snapshot), None
            if turn.dropped:
                return
            result = run.result()
            with tempfile.TemporaryDirectory(prefix=prefix()) as folder:
                found = files.write_estimates(job, result.raw, Path(folder))
                told = _progress(result.ending, result.answer) | {"notes": list(job.notes)}
                yield told, [str(file) for file in found]

    def stop(request: gr.Request) -> None:
        """End the runs this client has going; they still deliver what they have."""
        turns.stop(str(request.session_hash))

    with gr.Row(visible=False):
        inputs = [
            _recording(),
            gr.Textbox(GUESS, label="sources"),
            gr.Radio(list(PRESETS), value="balanced", label="preset"),
            _number("steps"),
            _number("seed"),
            gr.Radio(list(STARTS), label="start"),
            *map(
                _number,
                ("learning_rate", "starts", "spectral", "dissociation", "coherence", "frequency", "pull"),
            ),
        ]
        outputs = [gr.JSON(label="progress"), gr.File(label="archive")]
        gr.Button("separate").click(separate, inputs, outputs, api_name="separate", **LANE)
        asked = [
            inputs[0],
            gr.Textbox("nmf", label="method"),
            gr.Textbox("2", label="sources"),
            _number("seed"),
        ]
        found = [gr.JSON(label="progress"), gr.File(label="components", file_count="multiple")]
        gr.Button("compare").click(compare, asked, found, api_name="compare", **LANE)
        gr.Button("stop").click(  # no MCP tool: its clients share one session, and must not stop each other
            stop, None, None, api_name="stop", queue=False, api_visibility="undocumented"
        )


def _recording() -> gr.Audio:
    return gr.Audio(type="filepath", label="audio")


def _number(label: str) -> gr.Number:
    return gr.Number(None, label=label)


@contextmanager
def _read(file: str | None) -> Iterator[Heard]:
    """The recording in `file`; whatever is wrong with it, or with what is then asked of it, is told."""
    if not file:
        raise _refusal("Choose a mixture first.")
    try:
        yield decoded(file)
    except Exception as error:
        raise _refusal(faults.told(error, "reading the mixture")) from error


@contextmanager
def _place(
    turns: Turns, request: gr.Request, activity: Activity, weights: Weights | None = None
) -> Iterator[Turn]:
    """The visitor's turn, under the same caps as the page's; every failure is told as the page tells it."""
    session = str(request.session_hash)
    visitor = f"{session}/{uuid4().hex}" if _is_mcp(request) else session
    try:
        turns.announce(visitor, activity, weights, address=address(request), stream=session)
        with turns.taken(visitor, activity) as turn:
            assert turn is not None, "it was announced a moment ago"
            yield turn
    except Exception as error:
        raise _refusal(faults.told(error, f"the {activity}", visitor)) from error


def _is_mcp(request: gr.Request) -> bool:
    """Whether Gradio's MCP server asks: its clients have one session together, so each call is a visitor."""
    headers = getattr(request, "headers", None) or {}  # there are none where no server asks
    return headers.get("x-gradio-user") == "mcp"


def _whole(asked: Number, what: str) -> int:
    if asked is None:
        return 0
    if asked != int(asked):
        raise ValueError(f"The {what} must be a whole number, got {asked:g}.")
    return int(asked)


def _refusal(sentence: str) -> gr.Error:
    return gr.Error(sentence, print_exception=False)


def _due(run: Run) -> Iterator[Snapshot]:
    """The snapshots that a client is told of, at the board's pace; the last one is in the run's result."""
    for snapshot, due in paced(run, lambda snapshot, status: status, lambda: run.ending):
        if due is not None and not snapshot.done:
            yield snapshot


def _progress(status: str, snapshot: Snapshot) -> dict[str, Any]:
    numbers = {"step": snapshot.step, "steps": snapshot.steps, "seconds": round(snapshot.elapsed, 3)}
    return {"status": status, **numbers}


def _losses(snapshot: Snapshot) -> dict[str, float]:
    loss = Loss.of(snapshot)
    return {"total": loss.total, **loss.terms}
