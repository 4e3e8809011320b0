"""Two processes under `accelerate launch` train as one does with twice the batch, and write one run."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bssdemo.checkpoints import hub
from bssdemo.training.loop import states

ROOT = Path(__file__).parents[2]
STEPS = 60


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    folder = tmp_path / "sounds"
    folder.mkdir()
    time = np.arange(16_384) / 16_000
    for number in range(40):
        tone = np.sin(2 * np.pi * (200 + 20 * number) * time) * np.exp(-3 * time)
        soundfile.write(folder / f"{number:02}.wav", tone, 16_000)
    return folder


def train(sounds: Path, run: Path, batch: int, processes: int) -> list[float]:
    """The loss at every row of the log."""
    program = [sys.executable, "-m"]
    if processes > 1:
        program += [
            "accelerate.commands.launch",
            "--cpu",
            "--num_processes",
            str(processes),
            "--num_machines",
            "1",
        ]
        program += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", "-m"]
    words = ["train", "dense", "tone", "--data", str(sounds), "--run", str(run), "--batch", str(batch)]
    words += ["--model-size", "2", "--latent-size", "4", "--precision", "no", "--device", "cpu"]
    words += ["--warmup-steps", str(STEPS), "--gan-steps", "0", "--evaluate-every", str(STEPS)]
    done = subprocess.run(
        [*program, "bssdemo", *words], cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    with (run / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [20, 40, 60]
    return [float(row["loss"]) for row in rows]


def test_two_processes_are_one_with_twice_the_batch(sounds: Path, tmp_path: Path) -> None:
    """The same curve up to the draw of the batches; one log, one state, a checkpoint that loads."""
    two = train(sounds, tmp_path / "two", 2, 2)
    one = train(sounds, tmp_path / "one", 4, 1)
    assert two == pytest.approx(one, rel=0.2)
    assert two[-1] < two[0]
    assert [state.name for state in states(tmp_path / "two")] == [f"state-{STEPS}"]
    assert hub.load("tone", tmp_path / "two" / "checkpoint").name == "tone"
