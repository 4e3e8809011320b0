"""What a running event sends the page: every changed value whole.

Gradio sends the second and later values of a generator as edits of the ones before, and its script makes them in
place. Where two come at once, `gr.skip()` after a value takes that value apart before the page has seen it: rows
stay hidden, mixers stay empty (Gradio 6.31). A value that takes another's place cannot be taken apart.
"""

from __future__ import annotations

from typing import Any

from gradio import utils


def edits(old: Any, new: Any) -> list[list[Any]]:
    """How the page makes `new` of `old`, as `gradio.utils.diff` tells it: nothing to do, or all of it."""
    return [] if old == new else [["replace", [], new]]


def send_whole() -> None:
    """From now on, in this process; `gradio.utils.diff` is asked for every output of a generator."""
    utils.diff = edits
