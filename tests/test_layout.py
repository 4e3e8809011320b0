"""The repository's own rules: imports point one way, pins are exact and used, nothing of one machine is tracked."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
LARGEST_BYTES = 12_000_000  # a checkpoint of model size 32 in float16 is 10 MB

# A module imports from its own layer or from one above it in this list. Imports flow down the list.
LAYERS = (
    ("stft", "snapshot", "image", "threads", "precision"),
    ("models", "decode", "audio", "onsets", "windows"),
    ("checkpoint", "hub_download", "hub"),
    ("search", "unmix", "baselines", "plots"),
    ("training", "evaluation", "offline", "offline_baseline"),
    ("",),  # bssdemo/__init__.py, the public API
    ("ui", "cli", "__main__", "speed"),
)
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}
ENTRY = {
    "ui": ("ui", "speed"),
    "cli": ("__main__",),
}  # who may import the two ends of the flow, besides app.py

MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:work|tmp|root|home|Users)/")
REGISTRY = re.compile(
    "|".join((r"pypi\.(?:org|io)", r"pythonhosted\.", r"npmjs\.", r"deb\.debian", r"unpkg\."))
)
RULES_FILE = "tests/test_layout.py"  # spells the forbidden patterns out


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path): path for path in sorted((ROOT / "bssdemo").rglob("*.py"))}
SCRIPTS = [ROOT / "app.py", ROOT / "examples/build.py", ROOT / "examples/build_pictures.py"]


def imported(path: Path) -> set[str]:
    """Everything a file imports, at its top or inside a function, as dotted names."""
    package = dotted(path).split(".")[: None if path.name == "__init__.py" else -1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            base = base if node.level else str(node.module)
            members = {f"{base}.{alias.name}" for alias in node.names}
            submodules = members & MODULES.keys()
            found |= submodules if submodules == members else submodules | {base}
    return found


def own(path: Path) -> set[str]:
    return {name for name in imported(path) if name in MODULES}


def foreign(path: Path) -> set[str]:
    """Top-level names of the third-party packages a file imports."""
    tops = {name.split(".")[0] for name in imported(path)}
    return tops - {"bssdemo"} - set(sys.stdlib_module_names)


def part(module: str) -> str:
    """bssdemo.search.pgd -> search; bssdemo -> the empty string."""
    return module.partition(".")[2].partition(".")[0]


def pins(file: str) -> dict[str, str]:
    lines = (line.split("#")[0].strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines())
    return dict(line.split("==") for line in lines if line and not line.startswith("-r"))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("module", MODULES)
def test_imports_flow_down(module: str) -> None:
    assert part(module) in LAYER, f"give {module} a place in LAYERS"
    for target in own(MODULES[module]) - {module}:
        if part(module) == part(target):
            continue
        assert LAYER[part(target)] <= LAYER[part(module)], f"{module} must not import {target}"
        assert part(module) in ENTRY.get(part(target), (part(module),)), f"{module} must not import {target}"


def test_no_module_needs_itself() -> None:
    """There is an order in which the modules can be imported; prepare() raises on a cycle."""
    graph = {module: own(path) - {module, "bssdemo"} for module, path in MODULES.items()}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize(("library", "home"), [("gradio", "bssdemo.ui"), ("matplotlib", "bssdemo.plots")])
def test_one_home_for(library: str, home: str) -> None:
    users = {dotted(path) for path in (*MODULES.values(), *SCRIPTS) if library in foreign(path)}
    assert all(user == home or user.startswith(f"{home}.") for user in users), users


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_pins_are_exact_and_installed(file: str) -> None:
    """Tested versions are the pinned ones. The part after '+' names a build (torch: 2.13.0+cpu)."""
    for name, pin in pins(file).items():
        assert re.fullmatch(r"[\d.]+", pin), name
        assert version(name).split("+")[0] == pin, f"{name}: run `make test` to install what {file} says"


def test_runtime_pins_are_what_the_code_imports() -> None:
    distributions = packages_distributions()
    names = set().union(*(foreign(path) for path in (*MODULES.values(), *SCRIPTS)))
    needed = {normal(distributions[name][0]) for name in names}
    assert needed == {normal(name) for name in pins("requirements.txt")}


def front_matter() -> dict:
    _, header, _ = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(header)


def test_the_front_matter_is_what_a_space_needs() -> None:
    card = front_matter()
    assert card["sdk"] == "gradio"
    assert card["sdk_version"] == pins("requirements.txt")["gradio"]
    assert card["python_version"] == "3.11"  # a text: YAML would read 3.10 as 3.1
    assert card["license"] == "mit"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert len(card["short_description"]) <= 60
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {card["colorFrom"], card["colorTo"]} <= colours
    assert (ROOT / card["app_file"]).is_file()


def test_the_readme_links_to_files_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
        assert (ROOT / target).exists(), target


def test_nothing_of_one_machine_is_tracked() -> None:
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if name != RULES_FILE:
            assert not MACHINE_PATH.search(text), f"{name} names a folder of one machine"
            assert not REGISTRY.search(text), f"{name} names a package registry's host"


def test_tracked_files_are_small_and_never_pickles() -> None:
    for path in tracked():
        assert path.stat().st_size <= LARGEST_BYTES, path
        assert path.suffix not in {".pt", ".pth", ".pkl", ".ckpt"}, f"{path}: use safetensors"
