"""A Markdown table as its cells, however wide its columns are."""

from __future__ import annotations


def cells(line: str) -> list[str]:
    return [text.strip() for text in line.strip().strip("|").split("|")]
