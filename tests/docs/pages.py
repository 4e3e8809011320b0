"""The manual as text: its pages, their blocks of code, headings and links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
GUIDE = sorted((ROOT / "docs" / "guide").glob("*.md"))
MANUAL = [README, *sorted((ROOT / "docs").rglob("*.md"))]
SKIPPED = {".venv", "node_modules", "runs", "data"}  # folders at the top that are not the project's
EVERYWHERE = [path for path in sorted(ROOT.rglob("*.md")) if path.relative_to(ROOT).parts[0] not in SKIPPED]

FENCE = re.compile(r"^\s*```")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines(path: Path) -> Iterator[tuple[int, str, str | None]]:
    """(number, line, language of the code block it is in or None); fences and front matter are left out."""
    text = path.read_text(encoding="utf-8")
    skipped = text.split("---\n", 2)[1].count("\n") + 2 if text.startswith("---\n") else 0
    language: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if number <= skipped:
            continue
        if FENCE.match(line):
            language = line.strip().removeprefix("```") if language is None else None
        else:
            yield number, line, language


def blocks(path: Path, wanted: str) -> Iterator[tuple[int, str]]:
    """(number of its first line, text) of every code block in a language."""
    begun, held = 0, []
    for number, line, language in lines(path):
        if held and (language != wanted or number != begun + len(held)):
            yield begun, "\n".join(held) + "\n"
            held = []
        if language == wanted:
            begun = begun if held else number
            held.append(line)
    if held:
        yield begun, "\n".join(held) + "\n"


def anchors(path: Path) -> set[str]:
    """What `#...` may name on a page, as GitHub makes it of headings."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for _, line, language in lines(path):
        if language is None and (heading := re.match(r"#{1,6} +(.*)", line)):
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).strip().lower()
            slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            found.add(slug if not seen[slug] else f"{slug}-{seen[slug]}")
            seen[slug] += 1
    return found


def links(path: Path) -> Iterator[tuple[int, str]]:
    """(number of the line, target) of every relative link and picture."""
    for number, line, language in lines(path):
        if language is None:
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if not re.match(r"[a-z]+:", target):
                    yield number, target
