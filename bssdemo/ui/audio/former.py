"""The run before, laid beside this one: what was changed, how alike the stems are, and a switch between the two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import gradio as gr
import torch

from bssdemo.search.objective import Weights
from bssdemo.search.sliders import NAMES, slider_at
from bssdemo.ui.audio.layout import SLIDERS, Controls
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.notes import Updates

Which = Literal["this", "before"]
LEAST_CHANGE = 0.005  # of a slider, which shows two decimals
MOST_ALIKE = 60.0  # dB; nearer stems differ by rounding alone


def comparable(outcome: Outcome, before: Outcome | None) -> bool:
    """Whether the run before was on the same recording and looked for the same sources."""
    return (
        before is not None
        and before.labels == outcome.labels
        and before.heard.mono.shape == outcome.heard.mono.shape
        and torch.equal(before.heard.mono, outcome.heard.mono)
    )


def laid_beside(ui: Controls, outcome: Outcome, before: Outcome | None) -> Updates:
    """The switch between the runs, where there are two to compare."""
    there = comparable(outcome, before)
    return {ui.former: before if there else None, ui.which: gr.Radio(value="this", visible=there)}


def differs(outcome: Outcome, before: Outcome | None) -> str | None:
    """What was changed since the run before, and how alike the stems are, in one sentence."""
    if before is None or not comparable(outcome, before):
        return None
    changes = changed(before.weights, outcome.weights)
    told = ", ".join(changes) if changes else "no weight was changed"
    return f"The run before: {told}. {alike(outcome, before)}"


def changed(before: Weights | None, after: Weights | None) -> list[str]:
    """Every slider that stood elsewhere: "β₂ dissociation 0.02, now 1.50"."""
    if before is None or after is None:
        return []
    names: Sequence[str] = [label for label, _ in SLIDERS]
    stood, stands = ([slider_at(one, at) for at in range(len(NAMES))] for one in (before, after))
    return [
        f"{name} {was:.2f}, now {now:.2f}"
        for name, was, now in zip(names, stood, stands, strict=True)
        if abs(was - now) >= LEAST_CHANGE
    ]


def alike(outcome: Outcome, before: Outcome) -> str:
    """How near the two runs' stems are to each other, in decibels and in words."""
    error = (outcome.refined - before.refined).square().sum()
    ratio = 10 * torch.log10(before.refined.square().sum() / error.clamp_min(1e-20))
    if not ratio < MOST_ALIKE:
        return "Its stems are the same."
    return f"Its stems are alike to {float(ratio):.0f} dB: {heard_as(float(ratio))}."


def heard_as(decibels: float) -> str:
    """What such a difference sounds like."""
    if decibels > 30:
        return "you will hear no difference"
    return "a small difference" if decibels > 15 else "a difference that you can hear"
