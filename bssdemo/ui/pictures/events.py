"""The pictures' tab: a mixture of two pictures comes apart at once, and is compared with the paper's baselines.

An answer is one event. A comparison is two, as a search of the audio tab is: `announce`, unqueued, sets up the
visitor's turn, so that Stop acts while the run waits; the run, queued, takes it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from bssdemo import image
from bssdemo.machine import faults
from bssdemo.machine.shares import CrowdedError
from bssdemo.separation.pictures import mixtures
from bssdemo.separation.pictures.mixtures import PictureMixture
from bssdemo.separation.pictures.request import PictureRequest, prepare
from bssdemo.separation.pictures.result import PictureResult, training_cycle
from bssdemo.separation.pictures.run import PictureRun, separate
from bssdemo.separation.pictures.sets import PictureSet, PictureSets
from bssdemo.ui.address import address
from bssdemo.ui.notes import FULL, WAITING, Updates, note, waiting
from bssdemo.ui.pictures import boards
from bssdemo.ui.pictures.layout import lay_out, networks, pads
from bssdemo.ui.session import LANE, Turn, Turns, still_kept

FRAME_INTERVAL = 1 / 8  # seconds
LONGEST = 60.0  # seconds, after which a baseline is ended: the machine is shared
SLIDER_SIDE = 256  # pixels
QUICK = "rpca"  # the baseline that need not wait for the searches of other visitors
SOON: dict[str, Any] = {"concurrency_id": "pictures", "concurrency_limit": 2}  # answers at the same time
APART = 20.0  # dB; below it the other picture is plain to see
FIRST = "Unmix a picture first: there is nothing to compare with yet."
ANOTHER = "And the other picture: the two are mixed here, then taken apart."

Results = tuple[PictureResult, ...]  # on one mixture: a network's, then those of baselines; a visitor's state


def pictures_tab(blocks: gr.Blocks, tab: gr.Tab, pictures: PictureSets, turns: Turns) -> None:
    """Build the content of `tab` inside `blocks`; long fits share the machine with the searches."""
    ui = lay_out(pictures)

    def told(sentence: str, problem: bool = True) -> Updates:
        return {ui.message: note(sentence, problem=problem)}

    def unmixed(
        request: gr.Request, method: str, make: Callable[..., PictureMixture], name: str | None, *given: Any
    ) -> Updates:
        try:
            result = separate(prepare(make(pictures.pick(name), *given), PictureRequest(method)))
            shown = boards.unmixed(result, training_cycle(result))
        except Exception as error:
            return told(faults.told(error, "unmixing this picture", _visitor(request)))
        turns.leave(_visitor(request), "picture")  # a baseline at work on the picture before
        updates: Updates = dict(zip(ui.sliders, sliders(result), strict=True))
        updates |= {ui.message: note(*sentences(result)), ui.unmixed: shown}
        return updates | {ui.comparison: boards.EMPTY, ui.results: (result,)}

    def from_file(
        request: gr.Request, name: str | None, method: str, file: str | None, blend: str
    ) -> Updates:
        def opened(chosen: PictureSet) -> PictureMixture:
            still_kept(file)
            return mixtures.from_file(chosen, file, blend)

        return unmixed(request, method, opened, name)

    def from_two(request: gr.Request, name: str | None, method: str, *files: str | None) -> Updates:
        def opened(chosen: PictureSet) -> PictureMixture:
            still_kept(*files)
            return mixtures.from_two(chosen, files)

        return unmixed(request, method, opened, name)

    def once_both(request: gr.Request, name: str | None, method: str, *files: str | None) -> Updates:
        return from_two(request, name, method, *files) if all(files) else told(ANOTHER, problem=False)

    def from_drawings(
        request: gr.Request, name: str | None, method: str, *drawings: dict[str, Any] | None
    ) -> Updates:
        return unmixed(request, method, mixtures.from_drawings, name, [_drawn(one) for one in drawings])

    def opener(name: str, number: int) -> Callable[[gr.Request, str], Updates]:
        def from_example(request: gr.Request, method: str) -> Updates:
            return unmixed(request, method, mixtures.from_example, name, number)

        return from_example

    def welcome(request: gr.Request, method: str, results: Results) -> Updates:
        """The tab is opened: an answer stands on its board, unless there is one already."""
        name = next((one for one, buttons in ui.examples.items() if buttons), None)
        if results or name is None:
            return {ui.results: gr.skip()}
        updates = opener(name, 0)(request, method)
        if ui.unmixed in updates:
            del updates[ui.message]  # it says what a visitor can do
        return updates

    def again(request: gr.Request, method: str, results: Results) -> Updates:
        if not results:
            return {ui.message: gr.skip()}
        mixture = results[0].mixture
        return unmixed(request, method, lambda _: mixture, mixture.set.name)

    def choose(name: str) -> Updates:
        rows: Updates = {row: gr.Row(visible=one == name) for one, row in ui.rows.items()}
        return rows | {ui.method: gr.update(**networks(pictures.sets.get(name)))}

    def announce(request: gr.Request, results: Results) -> Updates:
        if not results:
            return told(FIRST)
        try:
            turns.announce(_visitor(request), "picture", address=address(request))
        except CrowdedError as error:
            return told(str(error))
        return told(WAITING, problem=False)

    def comparer(method: str) -> Callable[[gr.Request, Results], Iterator[Updates]]:
        def run(request: gr.Request, results: Results) -> Iterator[Updates]:
            with turns.taken(_visitor(request), "picture") as turn:
                if turn is None or not results:
                    yield {
                        ui.comparison: gr.skip()
                    }  # a generator that gives nothing would clear what is shown
                    return
                try:
                    for ahead in () if method == QUICK else turn.waits():
                        yield told(waiting(ahead), problem=False)
                    if turn.dropped:
                        return
                    for now in compared(results, method, turn):
                        updates: Updates = {ui.comparison: boards.comparison(now)}
                        if now[-1].ending != "searching":
                            updates[ui.results] = now
                        yield updates | {ui.message: note(ended(now[-1]))}
                except Exception as error:
                    yield told(faults.told(error, "the comparison", _visitor(request)))

        return run

    def refused(request: gr.Request) -> Updates:
        turns.leave(_visitor(request), "picture")
        return told(FULL)

    def halt(request: gr.Request) -> None:  # `stop` is the name of an endpoint
        turns.stop(_visitor(request), "picture")

    def leave(request: gr.Request) -> None:
        turns.leave(_visitor(request), "picture")

    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    soon, at_once = private | SOON, private | {"queue": False}
    answer = [ui.message, ui.unmixed, ui.comparison, ui.results, *ui.sliders]
    one, two = [*ui.settings, ui.mixture, ui.blend], [*ui.settings, *ui.pair]
    gr.on([ui.unmix.click, ui.mixture.upload], from_file, one, answer, **soon)
    ui.mix.click(from_two, two, answer, **soon)
    gr.on([picture.upload for picture in ui.pair], once_both, two, answer, **soon)
    with ui.drawing:
        wanted = gr.State(False)
        ui.drawing.select(lambda: True, None, wanted, **soon)  # queued: else Gradio renders nothing

        @gr.render(triggers=[wanted.change])
        def draw() -> None:
            drawings, button = pads()
            button.click(from_drawings, [*ui.settings, *drawings], answer, **soon)

    for name, buttons in ui.examples.items():
        for number, button in enumerate(buttons):
            button.click(opener(name, number), ui.method, answer, **soon)
    tab.select(welcome, [ui.method, ui.results], answer, **soon)
    ui.method.input(again, [ui.method, ui.results], answer, **soon)
    ui.chosen.input(choose, ui.chosen, [ui.method, *ui.rows.values()], **at_once)
    for method, button in ui.baselines.items():
        lane = soon if method == QUICK else private | LANE
        button.click(announce, ui.results, ui.message, **at_once).then(
            comparer(method),
            ui.results,
            [ui.message, ui.comparison, ui.results],
            trigger_mode="multiple",
            **lane,
        ).failure(refused, None, ui.message, **at_once)
    ui.stop.click(halt, None, None, **at_once)
    blocks.unload(leave)


def compared(results: Results, method: str, turn: Turn) -> Iterator[Results]:
    """The results and, last, a baseline's, again and again while it works; nothing more once its turn is dropped."""
    others = tuple(one for one in results if one.method != method)
    job = prepare(results[0].mixture, PictureRequest(method))
    run = PictureRun(job, turn.ends, LONGEST, beside=results[0])
    shown = -math.inf
    for snapshot in run:
        if turn.dropped:
            return
        now = time.perf_counter()
        if snapshot.done or now - shown >= FRAME_INTERVAL:
            shown = now
            yield (*others, run.result())


def sentences(result: PictureResult) -> list[str]:
    """What the visitor reads beside an answer."""
    mixture = result.mixture
    said = [f"{result.title} took {mixture.title} apart."]
    if result.scores is not None and min(score.psnr for score in result.scores) < APART:
        said = [f"{result.title} took {mixture.title} apart in part: each still shows some of the other."]
    if result.scores is not None:
        both = " and ".join(
            f"{name} {score.psnr:.1f} dB" for name, score in zip(result.names, result.scores, strict=True)
        )
        said.append(f"Beside the true sources: {both}.")
    else:
        said.append("Its true sources are not known, so there is nothing to score by.")
    if mixture.truths is not None and mixture.kinds is None:
        said.append("Which of yours is which was decided by likeness.")
    return said


def ended(result: PictureResult) -> str:
    """How a baseline's run goes, or ended."""
    name, steps, took = result.title, result.step, f"{result.seconds:.1f} s"
    return {
        "searching": f"{name} is at work; Stop keeps what it has.",
        "done": f"{name} is done: {steps} steps, {took}.",
        "stopped": f"{name} was stopped after {steps} of {result.steps} steps, {took}; this is what it had.",
        "time limit": f"{name} may take {LONGEST:.0f} s: it ended after {steps} of {result.steps} steps.",
    }[result.ending]


def sliders(result: PictureResult) -> list[gr.ImageSlider]:
    """Estimate over truth for both sources; hidden where the truth is not known."""
    if result.truths is None:
        return [gr.ImageSlider(value=None, visible=False) for _ in result.sources]
    return [
        gr.ImageSlider(
            value=(_large(result, found), _large(result, true)), label=f"{name}: unmixed | true", visible=True
        )
        for name, found, true in zip(result.names, result.sources, result.truths, strict=True)
    ]


def _large(result: PictureResult, source: Float[Tensor, "channels size size"]) -> UInt8[np.ndarray, "h w 3"]:
    return image.coloured(result.mixture.shown(source), SLIDER_SIDE)


def _drawn(sketch: dict[str, Any] | None) -> UInt8[np.ndarray, "_h _w 4"] | None:
    """The drawing on a sketchpad."""
    drawn = sketch and sketch.get("composite")
    return None if drawn is None else np.asarray(drawn, np.uint8)


def _visitor(request: gr.Request) -> str:
    return str(request.session_hash)
