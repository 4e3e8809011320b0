"""A generator's values reach the page whole: edits in place lose values that come at once (bssdemo/ui/whole.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from gradio import utils

from bssdemo.ui.whole import edits, send_whole

SKIPPED = {"__type__": "update"}
SHOWN = {"__type__": "update", "visible": True}
SOUNDS = {"name": "a", "tracks": [{"file": "a.wav"}]}


@pytest.fixture
def _whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utils, "diff", utils.diff)  # put back afterwards
    send_whole()


def test_nothing_is_said_of_what_stays() -> None:
    assert edits(SOUNDS, dict(SOUNDS)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [(SHOWN, SKIPPED), (SKIPPED, SHOWN), (SOUNDS, SKIPPED), (SKIPPED, SOUNDS), ("ab", "abc"), ([1], [1, 2])],
)
def test_what_changes_is_replaced_and_never_taken_apart(old: Any, new: Any) -> None:
    assert edits(old, new) == [["replace", [], new]]


@pytest.mark.usefixtures("_whole")
def test_gradio_asks_for_the_edits_of_a_running_event() -> None:
    """What its script gets for a value that is skipped a moment later, from the function that Gradio's queue calls."""

    def run() -> Iterator[Any]:
        yield SOUNDS

    with gr.Blocks() as blocks:
        row = gr.HTML()
        gr.Button().click(run, None, row)
    event = next(iter(blocks.fns.values()))
    sent = [
        blocks.handle_streaming_diffs(event, [value], session_hash="s", run="1", final=False)
        for value in (dict(SOUNDS), dict(SKIPPED), dict(SHOWN))
    ]
    assert sent == [[SOUNDS], [[["replace", [], SKIPPED]]], [[["replace", [], SHOWN]]]]
