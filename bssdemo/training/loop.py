"""The one training loop: a folder with resumable states, a CSV log, a progress bar, nothing lost at a kill.

A state is written into a temporary folder and renamed when complete, so that a run killed at any
moment, even while saving, finds its last whole state.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from tqdm import tqdm

from bssdemo.machine.files import write_text

STATE = "state-"


class TrainingError(ValueError):
    """A run cannot go on as asked; the message says what to change."""


@dataclass(frozen=True)
class Pace:
    """How many steps a run has, and after how many it writes a row, is checked on held-out data, and is saved."""

    steps: int
    log_every: int = 20
    check_every: int = 200
    save_every: int = 200

    def due(self, step: int, every: int) -> bool:
        """Whether it is time, or the end."""
        return step % every == 0 or step == self.steps


def run_steps(
    run: Path,
    config: Mapping[str, Any],
    columns: list[str],
    pace: Pace,
    accelerator: Accelerator,
    update: Callable[[int], Mapping[str, Any]],
    check: Callable[[int], Mapping[str, Any]],
    export: Callable[[], None],
) -> Path:
    """Run or resume to the end; returns the folder of the checkpoint, which `export` writes.

    `update` makes step n, counted from 1, and `check` looks at held-out data after it; both give values by the
    log's columns, and None is not logged. All that `accelerator` has prepared or registered is in the states.
    Of several processes the main one alone checks, and writes log, config and checkpoint.
    Raises TrainingError when the folder holds a run of other settings.
    """
    run.mkdir(parents=True, exist_ok=True)
    _must_match(run / "config.json", config)
    first = load_state(accelerator, run)
    accelerator.wait_for_everyone()
    steps = range(first + 1, pace.steps + 1)
    if not accelerator.is_main_process:
        for step in steps:
            update(step)
            if pace.due(step, pace.save_every):
                save_state(accelerator, run, step)
        return run / "checkpoint"
    write_text(run / "config.json", json.dumps(config, indent=2) + "\n")
    log = CsvLog(run / "log.csv", columns, first)
    began = time.perf_counter() - log.seconds
    for step in (bar := tqdm(steps, initial=first, total=pace.steps, desc=run.name, mininterval=2)):
        values = dict(update(step))
        if pace.due(step, pace.check_every):
            values |= check(step)
        if pace.due(step, pace.log_every) or pace.due(step, pace.check_every):
            shown = {key: _rounded(value, 6) for key, value in values.items() if value is not None}
            log.write({"step": step, "seconds": round(time.perf_counter() - began, 1), **shown})
            bar.set_postfix({key: _rounded(value, 3) for key, value in shown.items()})
        if pace.due(step, pace.save_every):
            save_state(accelerator, run, step)
            export()
    return run / "checkpoint"


MAY_CHANGE = ("steps", "warmup_steps", "gan_steps")  # a run may be made longer or shorter


def _must_match(file: Path, config: Mapping[str, Any]) -> None:
    """A folder's run goes on with the settings that it began with."""
    if not file.is_file():
        return
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        kept = None  # torn by a kill
    if not isinstance(kept, dict):
        raise TrainingError(f"{file} is damaged; remove it to go on, or choose another --run")
    wanted = json.loads(json.dumps(config))
    differing = [
        name for name in wanted if name in kept and kept[name] != wanted[name] and name not in MAY_CHANGE
    ]
    if differing:
        told = ", ".join(f"{name} {kept[name]} there, {wanted[name]} now" for name in differing)
        raise TrainingError(f"{file.parent} holds a run of other settings ({told}); choose another --run")


def _rounded(value: Any, digits: int) -> Any:
    return round(value, digits) if isinstance(value, float) else value


def states(run: Path) -> list[Path]:
    """Complete states of a run, oldest first."""
    found = [p for p in run.glob(f"{STATE}*") if p.name.removeprefix(STATE).isdigit()]
    return sorted(found, key=lambda p: int(p.name.removeprefix(STATE)))


def save_state(accelerator: Accelerator, run: Path, step: int) -> None:
    """Write the state of `step`, then drop all older ones."""
    target, partial = run / f"{STATE}{step}", run / "partial"
    if accelerator.is_main_process:
        shutil.rmtree(partial, ignore_errors=True)
    accelerator.wait_for_everyone()
    try:
        accelerator.save_state(str(partial), safe_serialization=True)
    except Exception as error:  # torch and safetensors tell a full disk in ways of their own
        shutil.rmtree(partial, ignore_errors=True)
        free = shutil.disk_usage(run).free / 1e6
        raise TrainingError(
            f"{run}: the state of step {step} could not be written ({_first_line(error)}; {free:.0f} MB are free); "
            "the state before is kept: make room, and the same command goes on"
        ) from error
    accelerator.wait_for_everyone()
    if not accelerator.is_main_process:
        return
    shutil.rmtree(target, ignore_errors=True)
    os.replace(partial, target)
    for old in states(run):
        if old != target:
            shutil.rmtree(old)


def load_state(accelerator: Accelerator, run: Path) -> int:
    """Go on from the last whole state; returns its step, 0 for a new run.

    Raises TrainingError for one that is damaged or of networks of another size.
    """
    found = states(run)
    if not found:
        return 0
    try:
        accelerator.load_state(str(found[-1]))
    except Exception as error:  # of torch, pickle or safetensors, whatever the damage is
        raise TrainingError(
            f"{found[-1]} cannot be resumed: it is damaged, or of networks of another size "
            f"({_first_line(error)}); remove it to begin anew, or choose another --run"
        ) from error
    return int(found[-1].name.removeprefix(STATE))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def cosine(step: int, steps: int, peak: float) -> float:
    """Cosine decay of a learning rate from `peak` at step 1 to a hundredth of it at the last step."""
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - 1) / max(1, steps - 1))))


class CsvLog:
    """Appends rows by step; rows after the resumed step, and torn ones, are dropped, so the log has no doubles."""

    def __init__(self, path: Path, columns: list[str], resumed_step: int) -> None:
        self.path, self.columns = path, columns
        kept: list[dict[str, str]] = []
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            whole = text[: text.rfind("\n") + 1].splitlines()  # a row without its end was torn by a kill
            with suppress(csv.Error):  # what is no table any more is begun anew
                kept = [row for row in csv.DictReader(whole) if _is_whole(row, resumed_step)]
        self.seconds = max((float(row["seconds"]) for row in kept), default=0.0)
        anew = io.StringIO(newline="")
        writer = csv.DictWriter(anew, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
        write_text(path, anew.getvalue())

    def write(self, row: Mapping[str, object]) -> None:
        """One row; columns without a value stay empty."""
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self.columns, extrasaction="ignore", lineterminator="\n").writerow(dict(row))


def _is_whole(row: Mapping[str, str | None], last: int) -> bool:
    """Whether a row of the log is one of ours, up to this step."""
    try:
        seconds = float(row["seconds"] or "")
        return None not in row.values() and int(row["step"] or "") <= last and 0 <= seconds < math.inf
    except (KeyError, TypeError, ValueError):
        return False
