"""The results' tables as HTML: the few shapes of Markdown that `bench.published` writes, and no more.

Gradio's own Markdown component weighs 28 kB before the tab is opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from itertools import groupby

KEPT = ("<details>", "</details>", "<summary>")  # HTML within the Markdown: what a table is folded away with


def as_html(markdown: str) -> str:
    """Headings, tables, code, folds and paragraphs."""
    parts = markdown.split("```")
    return "".join(
        f"<pre>{escape(part.strip())}</pre>" if at % 2 else _blocks(part) for at, part in enumerate(parts)
    )


def _blocks(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "".join(drawn(list(some)) for drawn, some in groupby(lines, _kind))


def _kind(line: str) -> Callable[[list[str]], str]:
    if line.startswith("|"):
        return _table
    if line.startswith(KEPT):
        return "".join
    return _paragraphs


def _paragraphs(lines: list[str]) -> str:
    return "".join(
        f"<h3>{_inline(line.removeprefix('### '))}</h3>"
        if line.startswith("### ")
        else f"<p>{_inline(line)}</p>"
        for line in lines
    )


def _table(lines: list[str]) -> str:
    head, _, *rows = ([_inline(cell.strip()) for cell in line.strip("|").split("|")] for line in lines)
    titles = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table tabindex="0"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'


def _inline(text: str) -> str:
    bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(text, quote=False))
    return bold.replace("\\*", "*")
