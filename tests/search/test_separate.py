"""The public Python API of the package itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bssdemo


def test_importing_the_package_loads_no_torch():
    code = "import sys, bssdemo; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_separate_is_the_search_and_refine_the_refinement():
    from bssdemo.search import pgd, refine

    assert bssdemo.separate is pgd.separate
    assert bssdemo.refine is refine.refine


def test_the_public_names_are_listed_and_others_are_not_there():
    assert set(bssdemo.__all__) <= set(dir(bssdemo))
    with pytest.raises(AttributeError, match="seperate"):
        bssdemo.seperate  # noqa: B018
