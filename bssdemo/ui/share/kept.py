"""Finished runs of the last hour, for visitors who load the page again: each under a key that only they have."""

from __future__ import annotations

import secrets
import shutil
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from bssdemo.ui.audio.outcome import Outcome

MOST_SECONDS = 3600.0  # as long as uploads are kept
MOST_RUNS = 64
MOST_BYTES = 1_000_000_000  # of sound in memory and on disk


@dataclass(frozen=True, eq=False)
class Run:
    """What a visitor's last run left, and what it was run on."""

    outcome: Outcome
    recording: str | None  # the file that the visitor brought
    example: str | None  # the example that it is

    @property
    def size(self) -> int:
        """Bytes that are held for it."""
        sound = (self.outcome.heard.mono, self.outcome.raw, self.outcome.refined)
        folder = self.outcome.folder
        files = [file for file in folder.path.rglob("*") if file.is_file()] if folder else []
        return sum(one.nbytes for one in sound) + sum(file.stat().st_size for file in files)


class Kept:
    """The runs by key, oldest first; a run's files live as long as it is held here or by its visitor."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = Lock()
        self._runs: OrderedDict[str, tuple[float, int, Run]] = OrderedDict()  # key -> since when, bytes

    def __len__(self) -> int:
        return len(self._runs)

    def keep(self, run: Run, instead: str | None = None) -> str:
        """Hold a run, in the place of the visitor's one before; the key to it."""
        key, size = secrets.token_urlsafe(24), run.size
        with self._lock:
            self._runs.pop(instead or "", None)
            self._runs[key] = (self.clock(), size, run)
            self._tidy()
        return key

    def find(self, key: str | None) -> Run | None:
        """The run of this key; None for one that is not held, or not any more."""
        with self._lock:
            self._tidy()
            _, _, run = self._runs.get(key or "", (0.0, 0, None))
        return run

    def _tidy(self) -> None:
        """The newest stays, however large: its visitor holds it anyway."""
        while self._runs:
            since, _, _ = next(iter(self._runs.values()))
            size = sum(size for _, size, _ in self._runs.values())
            late = self.clock() - since > MOST_SECONDS
            if not late and len(self._runs) <= MOST_RUNS and (size <= MOST_BYTES or len(self._runs) == 1):
                return
            self._runs.popitem(last=False)


def archive(outcome: Outcome, folder: Path) -> Path | None:
    """Everything of a run as a zip in `folder`; None where it has no files of its own."""
    if outcome.folder is None:
        return None
    return Path(shutil.make_archive(str(folder / f"{outcome.name}-stems"), "zip", outcome.folder.path))
