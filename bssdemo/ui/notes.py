"""Sentences on the page as HTML, whatever comes from outside escaped, and the one shape that updates have."""

from __future__ import annotations

from html import escape
from typing import Any

from bssdemo.machine.shares import CROWDED

Updates = dict[Any, Any]  # what a handler gives: new values by component; one left out stays as it is
WAITING = "Waiting for a turn on the machine …"
FULL = CROWDED


def waiting(ahead: int) -> str:
    """Where a run stands in the queue."""
    before = "one run comes" if ahead == 1 else f"{ahead} runs come"
    return f"{WAITING} {before[0].upper()}{before[1:]} before yours." if ahead else WAITING


def note(*sentences: str | None, problem: bool = False) -> str:
    """Sentences for the visitor; a problem is announced to screen readers at once."""
    text = "</p><p>".join(escape(sentence) for sentence in sentences if sentence)
    kind, role = ("note problem", "alert") if problem else ("note", "status")
    return f'<div class="{kind}" role="{role}"><p>{text}</p></div>'
