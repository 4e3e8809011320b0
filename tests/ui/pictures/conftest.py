"""The shelf of the pictures' tab on tiny networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from bssdemo import hub
from bssdemo.ui.pictures.shelf import PictureShelf, stock


@pytest.fixture
def pictures(tiny_masks: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PictureShelf:
    """mnist with both networks, shoes-bags with one; no bundled ones, whatever this copy holds."""
    monkeypatch.setattr(hub, "BUNDLED", tmp_path / "none")
    return stock(tiny_masks)
