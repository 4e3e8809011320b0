"""`train prior` and `train share` from a folder of recordings to checkpoints that the search uses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bssdemo.audio.format import SAMPLES
from bssdemo.checkpoints import hub
from bssdemo.commands.main import main
from bssdemo.data.kinds import Among, Variety, draw_mixture, load_kind, vary
from bssdemo.models.encoder import TimedEncoder
from bssdemo.search.share import shares
from bssdemo.training import share, timed
from bssdemo.training.loop import CsvLog, TrainingError

TINY = {"model_size": 2, "latent_size": 32, "width": 8, "batch": 4, "others": ("digit", "piano")}


def digest(folder: Path) -> dict[str, float]:
    state = hub.load(folder.parent.name, folder).generator.state_dict()
    return {name: value.double().sum().item() for name, value in state.items()}


@pytest.fixture(scope="module")
def priors(tones: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """digit and piano, a few steps each."""
    folder = tmp_path_factory.mktemp("timed")
    for name in ("digit", "piano"):
        timed.train(
            timed.TimedConfig(name, steps=6, **TINY), tones, folder / name, save_every=3, check_every=6
        )
    return folder


def test_a_prior_comes_with_an_encoder_that_tells_level_and_presence(priors: Path) -> None:
    prior = hub.load("digit", priors)
    assert prior.generator.timed
    assert isinstance(prior.encoder, TimedEncoder)
    with (priors / "digit/log.csv").open() as file:
        last = list(csv.DictReader(file))[-1]
    assert float(last["valid_alone"]) == pytest.approx(float(last["valid_alone"]))
    assert 0 <= float(last["valid_presence"]) <= 1


def test_a_killed_run_ends_as_if_it_had_not_been(priors: Path, tones: Path, tmp_path: Path) -> None:
    config = timed.TimedConfig("digit", steps=6, **TINY)
    run = tmp_path / "digit"

    def kill(*arguments: object) -> dict[str, float]:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timed, "held_out", kill)
        with pytest.raises(KeyboardInterrupt):
            timed.train(config, tones, run, save_every=3, check_every=5)
    timed.train(config, tones, run, save_every=3, check_every=6)
    assert digest(run / "checkpoint") == digest(priors / "digit" / "checkpoint")


def test_a_run_of_other_settings_is_not_gone_on_with(priors: Path, tones: Path) -> None:
    config = timed.TimedConfig("digit", steps=6, **{**TINY, "batch": 3})
    with pytest.raises(TrainingError, match="batch 4 there, 3 now"):
        timed.train(config, tones, priors / "digit")


def test_the_share_network_learns_and_shares(priors: Path, tones: Path, tmp_path: Path) -> None:
    networks = {name: hub.load(name, priors) for name in ("digit", "piano")}
    config = share.ShareConfig(width=16, memory=4, steps=12, batch=3, learning_rate=3e-3, average=0.5)
    serving = {"digit": ["digit"], "piano": ["piano"]}
    share.train(config, tones, networks, serving, tmp_path / "share", save_every=6, check_every=12)
    with (tmp_path / "share/log.csv").open() as file:
        last = list(csv.DictReader(file))[-1]
    assert float(last["valid_network"]) < float(last["valid_formula"])
    network = hub.load_share(tmp_path)
    assert network is not None
    masks = shares(torch.randn(SAMPLES), torch.randn(2, SAMPLES), network)
    torch.testing.assert_close(masks.sum(0), torch.ones_like(masks[0]), atol=1e-5, rtol=0)


def test_the_commands(priors: Path, tones: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        "train",
        "prior",
        "drums",
        "--data",
        str(tones),
        "--steps",
        "1",
        "--batch",
        "2",
        "--precision",
        "no",
    ]
    assert main([*command, "--others", "digit", "--run", str(tmp_path / "drums")]) == 0
    assert json.loads((tmp_path / "drums/checkpoint/config.json").read_text())["timed"] is True
    assert "checkpoint:" in capsys.readouterr().out
    command[command.index(str(tones))] = str(tmp_path / "nowhere")
    assert main([*command, "--others", "digit", "--run", str(tmp_path / "other")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_clips_are_varied_within_their_window_and_by_seed(tones: Path) -> None:
    kind = load_kind(tones, "digit", "train")
    first, again, other = (kind.draw(3, Variety(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == (3, SAMPLES)
    assert np.abs(first).max(1) == pytest.approx(1.0)
    still = Variety(room=0.0, tilt_db=0.0, band=0.0, speed=0.0, noise=0.0, late=0.0)
    clip = first[0]
    assert vary(clip, still, np.random.default_rng(0)) == pytest.approx(clip, abs=1e-5)
    mixed = draw_mixture({"digit": kind}, ["digit"], Among(0.0), still, np.random.default_rng(0))
    assert np.abs(mixed).max() == pytest.approx(1.0)


@pytest.mark.parametrize("torn", ["4", "40,2.", "30,1.5,0.1\n40"])
def test_a_row_torn_by_a_kill_is_dropped(tmp_path: Path, torn: str) -> None:
    log = tmp_path / "log.csv"
    log.write_text(f"step,seconds,loss\n20,1.5,0.25\n{torn}")
    kept = CsvLog(log, ["step", "seconds", "loss"], 100)
    kept.write({"step": 60, "seconds": 3.0, "loss": 0.1})
    with log.open() as file:
        steps = [int(row["step"]) for row in csv.DictReader(file)]
    assert steps == sorted({20, *steps, 60})
    assert 40 not in steps
    assert kept.seconds == 1.5


@pytest.mark.parametrize("damage", ["3", "[]", "{", ""])
def test_a_damaged_config_of_a_run_is_told(priors: Path, tones: Path, tmp_path: Path, damage: str) -> None:
    (tmp_path / "config.json").write_text(damage)
    with pytest.raises(TrainingError, match="damaged"):
        timed.train(timed.TimedConfig("digit", steps=1, **TINY), tones, tmp_path)
