"""Values for the page's fixed set of audio players and the switch beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from bssdemo.ui.frame import Kind
from bssdemo.ui.job import MOST_SOURCES
from bssdemo.ui.kept import RESIDUAL, Kept


def player(label: str, file: Path) -> gr.Audio:
    """A visible player of a file."""
    return gr.Audio(value=str(file), label=label, visible=True)


def hidden() -> gr.Audio:
    """An empty player that is not shown."""
    return gr.Audio(value=None, visible=False)


def switched(kept: Kept, kind: Kind) -> list[Any]:
    """All players with the stems of another kind; mixture and residual are the same in either."""
    same = 1 + MOST_SOURCES - len(kept.labels)
    stems = [player(label, file) for label, file in kept.sounds(kind)[1:]]
    return [gr.skip(), *stems, *(gr.skip() for _ in range(same))]


def held(kept: Kept | None) -> list[Any]:
    """Values of `Controls.outcome` but the zip: what was kept, the switch at refined, the players."""
    if kept is None:
        return [None, gr.Radio(visible=False), *(hidden() for _ in range(2 + MOST_SOURCES))]
    shown = [player(label, file) for label, file in kept.sounds("refined")]
    spare = [hidden() for _ in range(1 + MOST_SOURCES - len(shown))]
    return [kept, gr.Radio(value="refined", visible=True), *shown, *spare, player(RESIDUAL, kept.residual)]
