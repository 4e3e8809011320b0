"""The pictures' tab: a mixture of two pictures comes apart at once, and is compared with the paper's baselines.

An answer is one event. A comparison is two, as a search of the audio tab is: `announce`, unqueued, opens the visitor's
session, so that Stop acts while the run waits; the run, queued, claims it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from bssdemo import image
from bssdemo.ui.board import EMPTY
from bssdemo.ui.notes import note
from bssdemo.ui.pictures import answer as solve
from bssdemo.ui.pictures import case as cases
from bssdemo.ui.pictures.answer import METHODS, Answer, Estimate
from bssdemo.ui.pictures.frames import answer_frame, comparison_frame
from bssdemo.ui.pictures.layout import lay_out, networks
from bssdemo.ui.pictures.shelf import PictureShelf
from bssdemo.ui.session import Session, Sessions

log = logging.getLogger(__name__)

FRAME_INTERVAL = 1 / 8  # seconds
SLIDER_SIDE = 256  # pixels
AT_ONCE = 2  # answers worked on at the same time
BROKEN = "This picture could not be unmixed because of a fault in this app; its log says more."
FIRST = "Unmix a picture first: there is nothing to compare with yet."


@dataclass(frozen=True, eq=False)
class Held:
    """A visitor's answer, and the baselines' by key."""

    answer: Answer
    others: dict[str, Estimate]


def pictures_tab(blocks: gr.Blocks, shelf: PictureShelf, sessions: Sessions, cpu: str) -> None:
    """Build the tab inside `blocks`; long fits share the machine's turn `cpu` with the searches."""
    ui = lay_out(shelf)

    def solved(
        request: gr.Request, name: str | None, method: str, make: Callable[..., cases.Case], *given: Any
    ) -> list[Any]:
        try:
            chosen = cases.pick(shelf, name)
            return _answered(request, make(chosen, *given), method)
        except ValueError as error:
            return [note(str(error), problem=True), *_skip(ui.answer[1:])]
        except Exception:
            log.exception("a picture could not be unmixed")
            return [note(BROKEN, problem=True), *_skip(ui.answer[1:])]

    def _answered(request: gr.Request, case: cases.Case, method: str) -> list[Any]:
        answer = solve.unmix(case, method)
        sessions.leave(_visitor(request))  # a baseline at work on the picture before
        return [note(*told(answer)), answer_frame(answer), *sliders(answer), EMPTY, Held(answer, {})]

    def from_file(request: gr.Request, name: str, method: str, file: str | None, blend: str) -> list[Any]:
        return solved(request, name, method, cases.from_file, file, blend)

    def from_two(request: gr.Request, name: str, method: str, *files: str | None) -> list[Any]:
        return solved(request, name, method, cases.from_two, files)

    def once_both(request: gr.Request, name: str, method: str, *files: str | None) -> list[Any]:
        if not all(files):
            return [
                note("And the other picture: the two are mixed here, then taken apart."),
                *_skip(ui.answer[1:]),
            ]
        return from_two(request, name, method, *files)

    def from_drawings(
        request: gr.Request, name: str, method: str, *papers: dict[str, Any] | None
    ) -> list[Any]:
        return solved(request, name, method, cases.from_drawings, [_paper(paper) for paper in papers])

    def opener(name: str, number: int) -> Callable[..., list[Any]]:
        def from_example(request: gr.Request, method: str) -> list[Any]:
            return solved(request, name, method, cases.from_example, number)

        return from_example

    def again(request: gr.Request, method: str, held: Held | None) -> list[Any]:
        if held is None:
            return _skip(ui.answer)
        case = held.answer.case
        return solved(request, case.chosen.name, method, lambda _: case)

    def choose(name: str) -> list[Any]:
        rows = [gr.Row(visible=one == name) for one in shelf.sets]
        return [gr.update(**networks(shelf.sets.get(name))), *rows]

    def announce(request: gr.Request, held: Held | None) -> list[Any]:
        if held is None:
            return [note(FIRST, problem=True), *_skip(ui.compared[1:])]
        sessions.announce(_visitor(request))
        return [note("Waiting for a turn on the machine …"), *_skip(ui.compared[1:])]

    def comparer(method: str) -> Callable[..., Iterator[list[Any]]]:
        def run(request: gr.Request, held: Held | None) -> Iterator[list[Any]]:
            visitor = _visitor(request)
            session = sessions.claim(visitor)
            if session is None or held is None:
                yield _skip(ui.compared)
                return
            try:
                yield from compared(held, method, session)
            except Exception:
                log.exception("a comparison failed")
                yield [note(BROKEN, problem=True), *_skip(ui.compared[1:])]
            finally:
                sessions.end(visitor, session)

        return run

    def halt(request: gr.Request) -> None:
        sessions.stop(_visitor(request))

    def leave(request: gr.Request) -> None:
        sessions.leave(_visitor(request))

    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    quick = private | {"concurrency_id": "pictures", "concurrency_limit": AT_ONCE}
    at_once = private | {"queue": False}
    one = [*ui.settings, ui.mixture, ui.blend]
    two = [*ui.settings, *ui.pair]
    gr.on([ui.unmix.click, ui.mixture.upload], from_file, one, ui.answer, **quick)
    ui.mix.click(from_two, two, ui.answer, **quick)
    gr.on([picture.upload for picture in ui.pair], once_both, two, ui.answer, **quick)
    ui.draw.click(from_drawings, [*ui.settings, *ui.papers], ui.answer, **quick)
    for name, buttons in ui.examples.items():
        for number, button in enumerate(buttons):
            button.click(opener(name, number), ui.method, ui.answer, **quick)
    ui.method.input(again, [ui.method, ui.held], ui.answer, **quick)
    ui.chosen.input(choose, ui.chosen, [ui.method, *ui.rows], **at_once)
    for method, button in ui.baselines.items():
        turn = quick if method == "rpca" else private | {"concurrency_id": cpu, "concurrency_limit": 1}
        button.click(announce, ui.held, ui.compared, **at_once).then(
            comparer(method), ui.held, ui.compared, trigger_mode="multiple", **turn
        )
    ui.stop.click(halt, None, None, **at_once)
    blocks.unload(leave)


def told(answer: Answer) -> list[str]:
    """What the visitor reads beside an answer."""
    case, estimate = answer.case, answer.estimate
    sentences = [f"{METHODS[estimate.method]} took {case.title} apart."]
    if estimate.scores is not None:
        both = " and ".join(
            f"{name} {score.psnr:.1f} dB" for name, score in zip(estimate.names, estimate.scores, strict=True)
        )
        sentences.append(f"Beside the true sources: {both}.")
    elif case.truths is None:
        sentences.append("Its true sources are not known, so there is nothing to score by.")
    if case.truths is not None and case.kinds is None:
        sentences.append("Which of yours is which was decided by likeness.")
    return sentences


def sliders(answer: Answer) -> list[gr.ImageSlider]:
    """Estimate over truth for both sources; hidden where the truth is not known."""
    both = pairs(answer)
    if not both:
        return [gr.ImageSlider(value=None, visible=False) for _ in range(2)]
    return [
        gr.ImageSlider(value=pair, label=f"{name}: unmixed | true", visible=True)
        for name, pair in zip(answer.estimate.names, both, strict=True)
    ]


def pairs(answer: Answer) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each source's estimate and truth, enlarged; empty where the truths are not known."""
    if answer.truths is None:
        return []
    inverted = answer.case.inverted
    return [
        (enlarged(source, inverted), enlarged(truth, inverted))
        for source, truth in zip(answer.estimate.sources, answer.truths, strict=True)
    ]


def enlarged(picture: Float[Tensor, "channels size size"], inverted: bool) -> UInt8[np.ndarray, "h w 3"]:
    """A picture for the eye, every value a square of pixels."""
    pixels = image.pixels(1 - picture.clamp(0, 1) if inverted else picture)
    coloured = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    times = max(1, SLIDER_SIDE // coloured.shape[0])
    return coloured.repeat(times, axis=0).repeat(times, axis=1)


def compared(held: Held, method: str, session: Session) -> Iterator[list[Any]]:
    """Values of `Controls.compared` while a baseline works; its answer, also when stopped, is kept."""
    others = {key: one for key, one in held.others.items() if key != method}
    shown = -FRAME_INTERVAL
    for estimate in solve.compare(held.answer, method, lambda: session.stopped):
        if session.dropped:
            yield [gr.skip(), gr.skip(), gr.skip()]
            return
        done, now = estimate.status != "searching", time.perf_counter()
        if not done and now - shown < FRAME_INTERVAL:
            continue
        shown = now
        frame = comparison_frame(held.answer, [*others.values(), estimate])
        if not done:
            yield [note(f"{METHODS[method]} is at work; Stop keeps what it has."), frame, gr.skip()]
    yield [note(ended(estimate)), frame, replace(held, others=others | {method: estimate})]


def ended(estimate: Estimate) -> str:
    """How a baseline's run ended."""
    name, steps, took = METHODS[estimate.method], estimate.step, f"{estimate.seconds:.1f} s"
    return {
        "stopped": f"{name} was stopped after {steps} of {estimate.steps} steps, {took}; this is what it had.",
        "time limit": f"{name} may take {solve.LONGEST:.0f} s: it ended after {steps} of {estimate.steps} steps.",
    }.get(estimate.status, f"{name} is done: {steps} steps, {took}.")


def _paper(value: dict[str, Any] | None) -> UInt8[np.ndarray, "_h _w 4"] | None:
    """The drawing of a sketchpad."""
    drawn = value and value.get("composite")
    return None if drawn is None else np.asarray(drawn, np.uint8)


def _skip(components: list[Any]) -> list[Any]:
    return [gr.skip() for _ in components]


def _visitor(request: gr.Request) -> str:
    """A session of its own beside the audio tab's: a search goes on while pictures are unmixed."""
    return f"{request.session_hash}/pictures"
