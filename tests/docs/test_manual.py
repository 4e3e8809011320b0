"""The manual keeps its word: its commands are accepted, its Python imports what exists, its links lead somewhere."""

from __future__ import annotations

import ast
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from bssdemo.commands.main import _parser
from tests.docs.pages import EVERYWHERE, GUIDE, MANUAL, README, anchors, blocks, lines, links, name

LONGEST = 100  # characters of a line of prose
MOST_LINES = 150  # of the README
COMMAND = re.compile(r"^(?:[A-Z_]+=\S+ +)*python -m bssdemo +(.*)")


def commands(path: Path) -> list[tuple[int, list[str]]]:
    """(number of its line, words after `python -m bssdemo`) of every command in a block of code."""
    return [
        (number, shlex.split(found[1], comments=True))
        for number, line, language in lines(path)
        if language is not None and (found := COMMAND.match(line))
    ]


COMMANDS = [
    pytest.param(words, id=f"{name(page)}:{number}") for page in MANUAL for number, words in commands(page)
]


def test_commands_are_found() -> None:
    assert {words[0] for page in (README, *GUIDE) for _, words in commands(page)} == {
        "separate", "sources", "unmix", "data", "train", "bench", "publish",
    }  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_is_accepted(words: list[str]) -> None:
    parsed = _parser(words).parse_args(words)  # refused: SystemExit
    assert callable(parsed.command_function)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_runs_in_a_fresh_clone(words: list[str]) -> None:
    """Recordings come from a folder that the reader made, never from one beside the project."""
    assert not any(word.startswith(("..", "/", "~")) for word in words), words
    if "--data" in words:
        assert words[words.index("--data") + 1] in ("$DATA", "my-birds", "my-violin"), words


def test_what_a_command_reads_of_the_project_is_there() -> None:
    for page in MANUAL:
        for number, words in commands(page):
            for word in words:
                if word.startswith(("examples/", "checkpoints/")):
                    assert (README.parent / word).exists(), f"{name(page)}:{number}: {word}"


PYTHON = [
    pytest.param(text, id=f"{name(page)}:{number}")
    for page in MANUAL
    for number, text in blocks(page, "python")
]


@pytest.mark.parametrize("text", PYTHON)
def test_python_imports_what_there_is(text: str) -> None:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("bssdemo"):
            module = import_module(str(node.module))
            for alias in node.names:
                if not hasattr(module, alias.name):
                    import_module(f"{node.module}.{alias.name}")


@pytest.mark.parametrize("page", EVERYWHERE, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for number, target in links(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name(page)}:{number}: there is no {target}"
        if anchor:
            assert anchor in anchors(there), f"{name(page)}:{number}: {name(there)} has no heading #{anchor}"


@pytest.mark.parametrize("page", MANUAL, ids=name)
def test_lines_of_prose_are_short(page: Path) -> None:
    """Those that `bench tables` writes between a page's markers are its own."""
    ours = True
    for number, line, language in lines(page):
        if line.startswith("<!-- "):
            ours = not line.endswith(": begin -->")
        if ours and language is None and not line.startswith(("|", "$$")):
            shown = re.sub(r"\]\([^)]*\)", "]", line)  # where a link leads does not count
            assert len(shown) <= LONGEST, f"{name(page)}:{number} has {len(shown)} characters"


@pytest.mark.parametrize("page", GUIDE, ids=name)
def test_a_page_begins_with_its_answer(page: Path) -> None:
    """A title, an empty line, and at most three lines that answer the page's question."""
    text = page.read_text(encoding="utf-8").splitlines()
    assert text[0].startswith("# ")
    assert not text[1]
    answer = text[2 : text.index("", 2)]
    assert 1 <= len(answer) <= 3


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < MOST_LINES
