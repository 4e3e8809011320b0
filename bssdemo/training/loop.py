"""What every training run needs: a folder with resumable states, a CSV log, nothing lost at a kill.

A state is written into a temporary folder and renamed when complete, so that a run killed at any
moment, even while saving, finds its last whole state.
"""

from __future__ import annotations

import csv
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from accelerate import Accelerator

STATE = "state-"


def states(run: Path) -> list[Path]:
    """Complete states of a run, oldest first."""
    found = [p for p in run.glob(f"{STATE}*") if p.name.removeprefix(STATE).isdigit()]
    return sorted(found, key=lambda p: int(p.name.removeprefix(STATE)))


def save_state(accelerator: Accelerator, run: Path, step: int) -> None:
    """Write the state of `step`, then drop all older ones."""
    target, partial = run / f"{STATE}{step}", run / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    accelerator.save_state(str(partial), safe_serialization=True)
    shutil.rmtree(target, ignore_errors=True)
    os.replace(partial, target)
    for old in states(run):
        if old != target:
            shutil.rmtree(old)


def load_state(accelerator: Accelerator, run: Path) -> int:
    """Go on from the last whole state; returns its step, 0 for a new run."""
    found = states(run)
    if not found:
        return 0
    accelerator.load_state(str(found[-1]))
    return int(found[-1].name.removeprefix(STATE))


def cosine(step: int, steps: int, peak: float) -> float:
    """Cosine decay of a learning rate from `peak` at step 1 to a hundredth of it at the last step."""
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - 1) / max(1, steps - 1))))


class CsvLog:
    """Appends rows by step; rows after the resumed step are dropped, so the log has no doubles."""

    def __init__(self, path: Path, columns: list[str], resumed_step: int) -> None:
        self.path, self.columns = path, columns
        kept: list[dict[str, str]] = []
        if path.is_file():
            with path.open(newline="") as file:
                kept = [row for row in csv.DictReader(file) if int(row["step"]) <= resumed_step]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(kept)

    def write(self, row: Mapping[str, object]) -> None:
        """One row; columns without a value stay empty."""
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self.columns).writerow(dict(row))
