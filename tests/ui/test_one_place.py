"""What may stand in one place only: Gradio's internals, its DOM in our scripts, and the writing of the wire."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

UI = Path(__file__).resolve().parents[2] / "bssdemo" / "ui"
INTERNALS = {  # of Gradio, beyond `import gradio as gr`: what, and who needs it
    ("gradio", "utils"): {"whole.py"},  # its `diff`
    ("gradio.blocks", "Block"): {"pictures/events.py", "pictures/layout.py"},  # a type, for annotations
    ("gradio.data_classes", "ImageData"): {"pictures/layout.py"},  # what an image component is sent
    ("gradio.data_classes", "FileData"): {"pictures/layout.py"},  # and what it is sent by a program
}
READS_THE_PAGE = {"pictures/assets/take_brush.js", "walk/assets/walk.js"}


def modules() -> dict[str, ast.Module]:
    return {
        file.relative_to(UI).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
        for file in UI.rglob("*.py")
    }


def test_gradios_internals_are_imported_in_their_place_alone() -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gradio"):
                for alias in node.names:
                    found.setdefault((str(node.module), alias.name), set()).add(name)
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("gradio.") for alias in node.names), name
    assert {key for key, files in found.items() if not files <= INTERNALS.get(key, set())} == set()


@pytest.mark.parametrize(("module", "name"), INTERNALS)
def test_what_we_take_of_gradios_internals_is_still_there(module: str, name: str) -> None:
    assert hasattr(import_module(module), name)


def test_our_scripts_look_at_gradios_page_in_their_place_alone() -> None:
    """Everything else stays inside its own element; tests/browser says whether what they look for is there."""
    files = {file.relative_to(UI).as_posix(): file.read_text(encoding="utf-8") for file in UI.rglob("*.js")}
    assert {name for name, text in files.items() if "document.querySelector" in text} == READS_THE_PAGE


def test_a_frame_is_encoded_in_one_place_and_decoded_in_none() -> None:
    names = {"encode": set(), "decode": set()}
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                names[node.func.id].add(name)
    assert {name for name in names["encode"] if not name.startswith("pictures/")} == {"board/components.py"}
    assert names["decode"] == set()
