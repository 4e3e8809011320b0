"""The two boards of the tab, each a gr.HTML drawn on canvases in the browser, and results encoded as their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from bssdemo.separation.pictures.result import PictureResult
from bssdemo.ui.pictures.tiles import Tiles
from bssdemo.ui.texts import asset
from bssdemo.unmix.cycle import Step

EMPTY = ""  # the value of a board with nothing to show
POINTS = 64  # most points of a curve


def board(name: str) -> gr.HTML:
    """The board called "unmixed" or "comparison", empty."""
    package = __package__ or ""
    return gr.HTML(
        value=EMPTY,
        html_template=asset(package, f"{name}.html"),
        js_on_load="\n".join(asset(package, part) for part in ("tiles.js", f"{name}.js")),
        apply_default_css=False,
        elem_id=f"pictures-{name}",
    )


def unmixed(result: PictureResult, cycle: Sequence[Step]) -> str:
    """A network's result: mixture, mask, both sources, the truths if known, and every step of its training's cycle."""
    mixture, examples = result.mixture, result.mixture.set.examples
    tiles = Tiles(mixture)
    assert result.mask is not None
    return tiles.encoded(
        {
            "title": mixture.title,
            "method": result.title,
            "milliseconds": round(1000 * result.seconds),
            "names": result.names,
            "mixture": tiles.sum(mixture.values),
            "mask": tiles.mask(result.mask),
            "sources": [tiles.source(one) for one in result.sources],
            "truths": _truths(result, tiles),
            "scores": _scores(result),
            "cycle": [_step(step, tiles) for step in cycle],
            "partner": f"example {examples.title(mixture.partner)}" if examples else "",
            "difference": float((cycle[-1].mixtures - cycle[0].mixtures).abs().mean()) if cycle else None,
        }
    )


def comparison(results: Sequence[PictureResult]) -> str:
    """Results on one mixture, a row each; the last one may still be at work."""
    tiles = Tiles(results[0].mixture)
    return tiles.encoded(
        {
            "names": results[0].names,
            "mixture": tiles.sum(results[0].mixture.values),
            "truths": _truths(results[0], tiles),
            "rows": [
                {
                    "method": one.title,
                    "key": one.method,
                    "status": one.ending,
                    "step": one.step,
                    "steps": one.steps,
                    "seconds": round(one.seconds, 2),
                    "sum": tiles.sum(one.sources.sum(0)),
                    "sources": [tiles.source(source) for source in one.sources],
                    "scores": _scores(one),
                    "curve": [float(f"{value:.4g}") for value in thinned(one.curve)],
                }
                for one in results
            ],
        }
    )


def thinned(curve: Sequence[float]) -> list[float]:
    """At most POINTS values, evenly spaced, the first and the last among them."""
    if len(curve) <= POINTS:
        return list(curve)
    return [curve[round(at * (len(curve) - 1) / (POINTS - 1))] for at in range(POINTS)]


def _step(step: Step, tiles: Tiles) -> dict[str, Any]:
    """The pictures of both rows: mixtures where the step has made them, else masks and sources."""
    if step.unmixed is None:
        return {"name": step.name, "mixtures": [tiles.sum(one) for one in step.mixtures]}
    masks = [tiles.mask(mask) for mask in step.unmixed.mask]
    sources = [[tiles.source(one) for one in pair] for pair in step.unmixed.sources]
    return {"name": step.name, "masks": masks, "sources": sources}


def _truths(result: PictureResult, tiles: Tiles) -> list[int]:
    return [] if result.truths is None else [tiles.source(truth) for truth in result.truths]


def _scores(result: PictureResult) -> list[list[float]]:
    return [[round(one.psnr, 2), round(one.ssim, 3)] for one in result.scores or ()]
