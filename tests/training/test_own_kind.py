"""`train prior` on a folder of one's own sounds: told from the shipped kinds, measured, and used by `separate`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bssdemo.audio.format import SAMPLES
from bssdemo.checkpoints import hub
from bssdemo.commands.main import main
from bssdemo.data.clips import DataError, load_named
from bssdemo.data.kinds import Variety, lies_in
from bssdemo.models import Generator
from bssdemo.models.encoder import TIMED_STEPS, TimedEncoder
from bssdemo.training.stand_in import StandIn


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of chirps and nothing else."""
    folder = tmp_path_factory.mktemp("my-birds")
    seconds = np.arange(SAMPLES) / 16_000
    for number in range(24):
        chirp = np.sin(2 * np.pi * (800 + 40 * number + 900 * seconds) * seconds)
        soundfile.write(folder / f"{number:02}.wav", 0.5 * chirp, 16_000)
    return folder


def test_a_folder_of_one_kind_is_no_other_kind(birds: Path) -> None:
    assert not lies_in(birds, "piano")
    with pytest.raises(DataError, match="no recordings of 'piano'"):
        load_named(birds, "piano", "train")


def test_a_kind_of_ones_own_from_a_folder_to_stems(
    birds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "birds"
    words = ["train", "prior", "birds", "--data", str(birds), "--run", str(run), "--others", "piano"]
    assert main([*words, "--steps", "2", "--batch", "2", "--precision", "no"]) == 0
    assert "No recordings of piano" in capsys.readouterr().out
    card = (run / "checkpoint" / "README.md").read_text()
    assert "20 training clips" in card
    assert "what the priors of piano make" in card
    assert "spectral SNR in mixtures with the other kinds" in card
    mixture = birds / "03.wav"
    out = tmp_path / "stems"
    words = ["separate", str(mixture), "--sources", "birds,piano", "--checkpoints", str(run), "--steps", "2"]
    assert main([*words, "--out", str(out)]) == 0
    report = json.loads((out / "report.json").read_text())
    assert [source["name"] for source in report["sources"]] == ["birds", "piano"]


def test_a_stand_in_draws_clips_of_its_prior() -> None:
    generator = Generator(2, 2 * TIMED_STEPS, timed=True)
    prior = hub.Prior("tiny", "tiny", generator, {}, "folder", "", encoder=TimedEncoder(8, 2 * TIMED_STEPS))
    first, again, other = (
        StandIn(prior).draw(3, Variety(), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.shape == (3, SAMPLES)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.abs(first).max(1) == pytest.approx(1.0)
