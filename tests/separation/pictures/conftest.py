"""Sets of pictures on tiny networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from bssdemo.checkpoints import hub
from bssdemo.separation.pictures.sets import PictureSets, everything


@pytest.fixture
def sets(tiny_masks: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PictureSets:
    """mnist with both networks, shoes-bags with one; no bundled ones, whatever this copy holds."""
    monkeypatch.setattr(hub, "BUNDLED", tmp_path / "none")
    return everything(tiny_masks)
