"""What a visitor's last run left for listening: its files, and the board's last frame, for either kind of stem.

Held by a gr.State, which knows visitors apart and forgets them. The files of a live run are removed when
nobody holds it any more.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bssdemo.ui.frame import Kind

T = TypeVar("T")
RESIDUAL = "residual (what no source explains)"


@dataclass(frozen=True, eq=False)
class Kept:
    """One finished run, live or recorded."""

    sources: tuple[str, ...]  # prior names, one per stem
    labels: tuple[str, ...]  # of the stems
    mixture: Path
    stems: Mapping[Kind, Sequence[Path]]
    residual: Path
    frames: Mapping[Kind, str]
    scale: float = 1.0  # of every file against the recording, so that none clips

    def sounds(self, kind: Kind) -> list[tuple[str, Path]]:
        """(label, file) of the mixture and of every stem."""
        return [("mixture", self.mixture), *zip(self.labels, self.stems[kind], strict=True)]


def owning(held: T, folder: Path) -> T:
    """The same, removing `folder` with everything in it when it is forgotten, at the latest at exit."""
    weakref.finalize(held, shutil.rmtree, folder, ignore_errors=True)
    return held


def new_folder() -> Path:
    """Where the files of one run go."""
    return Path(tempfile.mkdtemp(prefix="bssdemo-"))
