"""Numbers and tables as Markdown that also lines up as plain text."""

from __future__ import annotations

from collections.abc import Sequence

NONE = "n/a"


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def number(value: float | None, signed: bool = False) -> str:
    """Two decimals, and never -0.00; n/a for None."""
    if value is None:
        return NONE
    text = f"{value:+.2f}" if signed else f"{value:.2f}"
    return text.replace("-", "+" if signed else "") if float(text) == 0 else text


def span(ends: tuple[float, float], signed: bool = False) -> str:
    """[low, high]."""
    return f"[{number(ends[0], signed)}, {number(ends[1], signed)}]"


def folded(summary: str, text: str) -> str:
    """Text that a reader opens."""
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"
