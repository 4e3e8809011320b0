"""The two boards' values: an answer with its circle, and the methods beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bssdemo.ui.pictures.answer import METHODS, Answer, Estimate, Score
from bssdemo.ui.pictures.sheet import Sheet

POINTS = 64  # most points of a curve


def answer_frame(answer: Answer) -> str:
    """Mixture, mask, both sources, the truths below them if known, and every step of the circle."""
    case, estimate = answer.case, answer.estimate
    sheet = Sheet(case.inverted)
    assert estimate.mask is not None
    header: dict[str, Any] = {
        "title": case.title,
        "method": METHODS[estimate.method],
        "milliseconds": round(1000 * estimate.seconds),
        "names": list(estimate.names),
        "mixture": sheet.mixture(case.mixture),
        "mask": sheet.mask(estimate.mask),
        "sources": [sheet.picture(source) for source in estimate.sources],
        "truths": [] if answer.truths is None else [sheet.picture(truth) for truth in answer.truths],
        "scores": _scores(estimate.scores),
        "circle": _circle(answer, sheet),
        "partner": _partner(answer),
        "cycle": None,
    }
    if answer.circle:
        header["cycle"] = float((answer.circle[-1].mixtures - answer.circle[0].mixtures).abs().mean())
    return sheet.frame(header)


def _circle(answer: Answer, sheet: Sheet) -> list[dict[str, Any]]:
    """For every step the tiles of both rows: mixtures where it has made them, else masks and sources."""
    told = []
    for step in answer.circle:
        if step.unmixed is None:
            tiles: dict[str, Any] = {"mixtures": [sheet.mixture(mixture) for mixture in step.mixtures]}
        else:
            tiles = {
                "masks": [sheet.mask(mask) for mask in step.unmixed.mask],
                "sources": [[sheet.picture(one) for one in pair] for pair in step.unmixed.sources],
            }
        told.append({"name": step.name, **tiles})
    return told


def _partner(answer: Answer) -> str:
    case = answer.case
    if case.partner is None or case.chosen.gallery is None:
        return ""
    return f"example {case.chosen.gallery.title(case.partner)}"


def comparison_frame(answer: Answer, estimates: Sequence[Estimate]) -> str:
    """The answer and the baselines' estimates, a row each; the last row is the one at work."""
    sheet = Sheet(answer.case.inverted)
    header = {
        "names": list(answer.estimate.names),
        "mixture": sheet.mixture(answer.case.mixture),
        "truths": [] if answer.truths is None else [sheet.picture(truth) for truth in answer.truths],
        "rows": [
            {
                "method": METHODS[one.method],
                "key": one.method,
                "status": one.status,
                "step": one.step,
                "steps": one.steps,
                "seconds": round(one.seconds, 2),
                "sum": sheet.mixture(one.sources.sum(0)),
                "sources": [sheet.picture(source) for source in one.sources],
                "scores": _scores(one.scores),
                "curve": [float(f"{value:.4g}") for value in thinned(one.curve)],
            }
            for one in (answer.estimate, *estimates)
        ],
    }
    return sheet.frame(header)


def thinned(curve: Sequence[float]) -> list[float]:
    """At most POINTS values, evenly spaced, the first and the last among them."""
    if len(curve) <= POINTS:
        return list(curve)
    return [curve[round(at * (len(curve) - 1) / (POINTS - 1))] for at in range(POINTS)]


def _scores(scores: tuple[Score, Score] | None) -> list[list[float]]:
    return [] if scores is None else [[round(one.psnr, 2), round(one.ssim, 3)] for one in scores]
