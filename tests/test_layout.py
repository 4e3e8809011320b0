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

import bssdemo

ROOT = Path(__file__).resolve().parents[1]
LARGEST_BYTES = 12_000_000  # a checkpoint of model size 32 in float16 is 10 MB

# One layer a package: a module imports from its own package or from one above it in this list.
LAYERS = (
    "machine",
    "audio",
    "image",
    "snapshot",
    "plots",
    "models",
    "checkpoints",
    "data",
    "metrics",
    "search",
    "unmix",
    "baselines",
    "separation",
    "folders",
    "training",
    "bench",
    "",  # bssdemo/__init__.py, the public API
    "ui",
    "commands",
    "__main__",
)
LAYER = {name: number for number, name in enumerate(LAYERS)}
ENTRY = {  # who may import the ends of the flow, besides app.py
    "ui": ("ui", "commands"),
    "commands": ("commands", "__main__"),
    "training": ("training", "commands"),
    "bench": ("bench", "ui", "commands"),
}

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
    pinned = (line.split("==") for line in lines if line and not line.startswith("-r"))
    return {name.partition("[")[0]: pin for name, pin in pinned}  # gradio[mcp] is gradio


def asked_for(file: str) -> dict[str, str]:
    """Every pin of a file and of those that it includes, with its extras: gradio[mcp]."""
    found: dict[str, str] = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found |= asked_for(line.removeprefix("-r ").strip())
        elif "==" in line:
            name, pin = line.partition("#")[0].strip().split("==")
            found[normal(name)] = pin
    return found


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


@pytest.mark.parametrize(
    "file", ["requirements.txt", "requirements-train.txt", "requirements-dask.txt", "requirements-dev.txt"]
)
def test_pins_are_exact_and_installed(file: str) -> None:
    """Tested versions are the pinned ones. The part after '+' names a build (torch: 2.13.0+cpu)."""
    for name, pin in pins(file).items():
        assert re.fullmatch(r"[\d.]+", pin), name
        assert version(name).split("+")[0] == pin, f"{name}: run `make test` to install what {file} says"


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_a_lock_agrees_with_its_requirements_and_has_every_hash(name: str) -> None:
    """`make lock` writes it; torch, whose build differs with the machine, stands in the requirements alone."""
    text = (ROOT / f"{name}.lock").read_text(encoding="utf-8")
    entries = re.findall(
        r"^([^\s#=]+)==([\w.]+)(.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)*)", text, re.MULTILINE
    )
    locked = {normal(package): version for package, version, _ in entries}
    assert [package for package, _, rest in entries if "--hash" not in rest] == []
    asked = asked_for(f"{name}.txt")
    assert asked.pop("torch")
    assert "torch" not in locked
    assert {package: locked.get(package) for package in asked} == asked, "run `make lock`"


def test_the_changes_begin_with_this_version() -> None:
    first = re.search(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert first is not None
    assert first[1] == bssdemo.__version__


def test_runtime_pins_are_what_the_code_imports() -> None:
    """Training and clusters alone may need more, and the rest never imports it; a Space brings `spaces` itself."""
    distributions = packages_distributions()
    training = [path for module, path in MODULES.items() if part(module) == "training"]
    cluster, zero = MODULES["bssdemo.machine.cluster"], MODULES["bssdemo.machine.zero"]
    assert foreign(zero) == {"spaces"}
    others = [path for path in (*MODULES.values(), *SCRIPTS) if path not in (*training, cluster, zero)]
    needed = {normal(distributions[name][0]) for path in others for name in foreign(path)}
    assert needed == {normal(name) for name in pins("requirements.txt")}
    further = {normal(distributions[name][0]) for path in training for name in foreign(path)} - needed
    assert further == {normal(name) for name in pins("requirements-train.txt")}
    spread = {normal(distributions[name][0]) for name in foreign(cluster)}
    assert spread <= {normal(name) for name in pins("requirements-dask.txt")}


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
