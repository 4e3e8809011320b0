"""`train tagger` from recordings to a checkpoint that hears which kinds are there."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from bssdemo.audio.format import SAMPLES
from bssdemo.checkpoints import disk, hub
from bssdemo.checkpoints.disk import CheckpointError
from bssdemo.commands.main import main
from bssdemo.models.tagger import Tagger
from bssdemo.training import tagger

KINDS = ("digit", "drums", "piano")


@pytest.fixture(scope="module")
def trained(tones: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("tagged") / "tagger"
    words = ["train", "tagger", "--data", str(tones), "--kinds", ",".join(KINDS), "--run", str(run)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tagger, "VALID_MIXTURES", 60)
        patch.setattr(tagger, "VALID_CLIPS", 6)
        assert main([*words, "--steps", "40", "--batch", "12", "--precision", "no"]) == 0
    return run


def test_it_learns_and_its_checkpoint_is_found(trained: Path, tones: Path) -> None:
    with (trained / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert 0 <= float(rows[-1]["valid_recall"]) <= 1
    tags = hub.load_tags(trained)
    assert tags is not None
    assert tags.names == KINDS
    with torch.no_grad():
        sound = torch.randn(2, SAMPLES)
        odds = tags.network(sound)
        torch.testing.assert_close(tags.network(0.01 * sound), odds, atol=0.1, rtol=0.1)  # whatever the level
    assert odds.shape == (2, 3)


def test_no_checkpoint_is_no_tagger_and_a_damaged_one_is_told(trained: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "tagger"
    disk.write(checkpoint, Tagger(2, 8), {"name": "tagger", "label": "tagger", "sources": ["a", "b"]})
    (checkpoint / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="damaged"):
        hub.load_tags(tmp_path)
    with pytest.raises(CheckpointError, match="a list of 3 texts"):
        disk.write(checkpoint, Tagger(3, 8), {"name": "tagger", "label": "tagger", "sources": ["a", "b"]})


def test_calibration_makes_the_odds_true_ones() -> None:
    """A network that is three times too sure is calibrated back: its loss on held-out draws falls."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Tagger(1, 8).freeze()
        mix = torch.randn(400, SAMPLES) * torch.linspace(0, 1, SAMPLES) ** torch.rand(400, 1)
        with torch.no_grad():
            odds = network(mix)
            network.answer.weight *= 3 / odds.std()
            network.answer.bias.copy_(network.answer.bias * 3 / odds.std() - 3 * (odds / odds.std()).mean())
            sure = network(mix)
        there = (torch.rand(400, 1) < torch.sigmoid(sure / 3)).float()
    drawn = tagger.Drawn(mix, there, torch.ones_like(there, dtype=torch.bool))
    better = tagger.calibrated(network, drawn)
    with torch.no_grad():
        slope = ((better(mix) - better(mix).mean()) / (sure - sure.mean())).median()
    assert float(slope) == pytest.approx(1 / 3, abs=0.1)


def test_mixtures_ask_only_for_what_can_be_known() -> None:
    config = tagger.TaggerConfig(KINDS, noise=0.0)
    rng = np.random.default_rng(0)
    clips = np.sin(np.arange(SAMPLES) * np.array([0.1, 0.2, 0.3])[:, None, None]).astype(np.float32)
    drawn = tagger.drawn_of(config, clips, 200, rng)
    assert drawn.mix.shape == (200, SAMPLES)
    assert 0.3 < float(drawn.there.mean()) < 0.8
    assert bool((drawn.there <= drawn.asked.float()).all())
    alone = drawn.there.sum(1) == 1
    assert bool(alone.any())
