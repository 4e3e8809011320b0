"""The public Python API of the package itself."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import torch

import bssdemo
from bssdemo import audio
from bssdemo.checkpoints import hub
from bssdemo.unmix import cycle
from tests import api_example

ROOT = Path(bssdemo.__file__).parents[1]


def test_importing_the_package_loads_no_torch() -> None:
    code = "import sys, bssdemo; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_separate_is_the_search_and_refine_the_refinement() -> None:
    from bssdemo.search import pgd, refine

    assert bssdemo.separate is pgd.separate
    assert bssdemo.refine is refine.refine
    assert bssdemo.load is hub.load


def test_every_public_name_is_there_and_others_are_not() -> None:
    room = import_module("bssdemo.separation")
    assert set(bssdemo.__all__) <= set(dir(bssdemo))
    assert set(room.__all__) <= set(bssdemo.__all__)
    for name in bssdemo.__all__:
        assert getattr(bssdemo, name) is not None
    assert all(getattr(bssdemo, name) is getattr(room, name) for name in room.__all__)
    with pytest.raises(AttributeError, match="seperate"):
        bssdemo.seperate  # noqa: B018


@pytest.mark.parametrize("before", ["", "import bssdemo.unmix.tree; "])
def test_unmix_is_a_function_and_stays_a_package_whichever_is_imported_first(before: str) -> None:
    code = before + (
        "import torch; from bssdemo import unmix; import bssdemo.unmix.cycle as cycle; "
        "x = torch.rand(1, 4, 4); half = lambda y: y / 2; "
        "assert torch.equal(unmix(x, half).sources, cycle.unmix(x, half).sources); "
        "from bssdemo.unmix import blend; print(blend.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "bssdemo.unmix.blend"


def test_the_example_does_what_it_says(
    tiny_checkpoints: Path, tiny_masks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = 0.1 * torch.randn(2, 8_000, generator=torch.Generator().manual_seed(0))
    audio.write_wav(tmp_path / "mix.wav", sound, 16_000)
    stems = api_example.a_recording(tmp_path / "mix.wav", tmp_path / "out", tiny_checkpoints)
    assert [stem.name for stem in stems] == ["digit.wav", "piano.wav"]
    assert all(stem.is_file() for stem in stems)
    assert capsys.readouterr().out == "3 (2, 8000) done\n"
    mix = 0.3 * torch.randn(16_384, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(api_example.a_window(mix, tiny_checkpoints).sum(0), mix, rtol=0, atol=1e-4)
    picture = torch.rand(1, 32, 32, generator=torch.Generator().manual_seed(0))
    sources = api_example.a_picture(picture, tiny_masks)
    torch.testing.assert_close(sources.sum(0), picture)
    network = hub.load_unmixer("mask-mnist", tiny_masks).network
    assert torch.equal(sources, cycle.unmix(picture, network).sources)


def test_a_type_checker_reads_the_example() -> None:
    """`make lint` then says what it does not accept."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert Path(api_example.__file__).relative_to(ROOT).as_posix() in settings["tool"]["mypy"]["files"]


def test_the_docstring_imports_only_what_there_is() -> None:
    shown = re.findall(r"from bssdemo import (.*)", bssdemo.__doc__ or "")
    names = {name.strip() for line in shown for name in line.split(",")}
    assert {"read", "prepare", "Run", "load", "separate", "refine", "unmix"} <= names <= set(bssdemo.__all__)
