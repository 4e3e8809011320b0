"""Sentences on the page as HTML; whatever comes from outside is escaped here."""

from __future__ import annotations

from html import escape

from bssdemo.ui.shelf import Shelf


def note(*sentences: str | None, problem: bool = False) -> str:
    """Sentences for the visitor; a problem is announced to screen readers at once."""
    text = "</p><p>".join(escape(sentence) for sentence in sentences if sentence)
    kind, role = ("note problem", "alert") if problem else ("note", "status")
    return f'<div class="{kind}" role="{role}"><p>{text}</p></div>'


def provenance(shelf: Shelf) -> str:
    """Where every prior came from."""
    lines = "".join(f"<li>{escape(line)}</li>" for line in shelf.provenance())
    return f"<h2>Priors in use</h2><ul>{lines}</ul>"
