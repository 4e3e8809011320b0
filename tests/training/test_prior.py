"""Training a prior: it learns, it survives a kill at any moment, and ends in a checkpoint that loads."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from accelerate import Accelerator
from safetensors.torch import load_file

from bssdemo.checkpoints import hub
from bssdemo.training.loop import cosine, states
from bssdemo.training.prior import PriorConfig, build, warmup_step

ROOT = Path(__file__).parents[2]
SIZES = ["--model-size", "2", "--latent-size", "4", "--batch", "2", "--precision", "no"]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty decaying tones: enough files for all three splits."""
    folder = tmp_path_factory.mktemp("sounds")
    time_axis = np.arange(16_384) / 16_000
    for number in range(40):
        tone = np.sin(2 * np.pi * (200 + 20 * number) * time_axis) * np.exp(-3 * time_axis)
        soundfile.write(folder / f"{number:02}.wav", tone, 16_000)
    return folder


def command(sounds: Path, run: Path, *more: str) -> list[str]:
    base = [sys.executable, "-m", "bssdemo", "train", "dense", "tone", "--data", str(sounds)]
    return [*base, "--run", str(run), *SIZES, *more]


def train(sounds: Path, run: Path, *more: str) -> None:
    done = subprocess.run(
        command(sounds, run, *more),
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def rows(run: Path) -> list[dict[str, str]]:
    with (run / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_killed_run_ends_as_if_it_had_not_been(sounds: Path, tmp_path: Path) -> None:
    """Both stages; SIGKILL after the first state, then the same command again."""
    more = ["--warmup-steps", "8", "--gan-steps", "4", "--save-every", "3", "--evaluate-every", "12"]
    train(sounds, tmp_path / "whole", *more)
    killed = tmp_path / "killed"
    process = subprocess.Popen(
        command(sounds, killed, *more),
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not states(killed) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = states(killed)
    assert left, "no state was saved within two minutes"
    train(sounds, killed, *more)
    assert [path.name for path in states(killed)] == ["state-12"]
    whole = load_file(tmp_path / "whole" / "checkpoint" / "model.safetensors")
    resumed = load_file(killed / "checkpoint" / "model.safetensors")
    assert whole.keys() == resumed.keys()
    for name, weight in whole.items():
        torch.testing.assert_close(resumed[name], weight, rtol=0, atol=0)
    assert [row["step"] for row in rows(killed)] == [row["step"] for row in rows(tmp_path / "whole")]
    last = rows(killed)[-1]
    assert last["stage"] == "gan"
    assert np.isfinite(float(last["valid_search_snr"]))
    assert (killed / "samples" / "step-000012.png").is_file()
    assert (killed / "samples" / "step-000012.wav").is_file()
    prior = hub.load("tone", killed / "checkpoint")
    assert prior.generator(torch.zeros(1, 4)).shape == (1, 16_384)
    assert prior.encoder is None, "the warm-up's encoder does not fit the generator after adversarial steps"


def test_a_warm_up_leaves_its_encoder_too(sounds: Path, tmp_path: Path) -> None:
    train(
        sounds,
        tmp_path,
        "--warmup-steps",
        "2",
        "--gan-steps",
        "0",
        "--evaluate-every",
        "9",
        "--save-every",
        "9",
    )
    prior = hub.load("tone", tmp_path / "checkpoint")
    assert prior.encoder is not None
    assert prior.encoder(torch.randn(1, 16_384)).shape == (1, 4)


def test_the_warm_up_learns() -> None:
    """Four decaying noises: their envelopes and level can be learned in seconds, their grain cannot."""
    random, seconds = np.random.default_rng(0), np.arange(16_384) / 16_000
    bursts = [0.3 * random.standard_normal(16_384) * np.exp(-rate * seconds) for rate in (3, 8, 20, 50)]
    real = torch.from_numpy(np.stack(bursts).astype(np.float32))
    config = PriorConfig("noise", model_size=4, latent_size=4, warmup_steps=50, learning_rate=3e-3)
    accelerator = Accelerator(mixed_precision="no")
    networks = build(config, accelerator)
    losses = [warmup_step(networks, real, config, step, accelerator)["loss"] for step in range(1, 51)]
    assert losses[-1] < 0.8 * losses[0]


def test_learning_rate_decays_to_a_hundredth() -> None:
    assert cosine(1, 100, 1e-3) == pytest.approx(1e-3)
    assert cosine(100, 100, 1e-3) == pytest.approx(1e-5)
    rates = [cosine(step, 100, 1e-3) for step in range(1, 101)]
    assert rates == sorted(rates, reverse=True)
