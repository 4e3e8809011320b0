"""Training a mask network: it sees mixtures only, survives a kill, says when it collapsed, and learns."""

import argparse
import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file

from bssdemo.checkpoints import hub
from bssdemo.commands import main
from bssdemo.commands.train_mask import add_arguments, configured
from bssdemo.data.pictures import SETS, Mixtures, draw_mixtures
from bssdemo.training.loop import states
from bssdemo.training.mask import (
    VALID_MIXTURES,
    VALID_SEED,
    Networks,
    Pairs,
    Sums,
    averaging,
    build,
    train,
)
from bssdemo.training.mask_config import CONFIGS, UnmixConfig, learning_rate, margin
from bssdemo.training.mask_losses import Weights
from bssdemo.unmix.check import warning

TINY = replace(CONFIGS["working"]["mnist"], width=2, pairs=4, steps=6)


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "checkpoint" / "model.safetensors")


def swap_some(mixtures: Mixtures) -> Mixtures:
    """The same mixtures with the halves of every second one exchanged."""
    pictures = mixtures.pictures.copy()
    pictures[::2] = pictures[::2, ::-1]
    return Mixtures(pictures)


def test_the_true_sources_make_no_difference(pictures: Path, tmp_path: Path) -> None:
    """Exchanged halves, or halves that are no sources at all: as long as the sums are the same, so are the weights."""
    true = draw_mixtures(pictures, "mnist", "train", 30, 0)
    grey = true.sums() // 2
    blurred = Mixtures(np.stack([grey, true.sums() - grey], axis=1).astype(np.uint8))
    valid = draw_mixtures(pictures, "mnist", "valid", 4, 0)
    results = []
    for number, mixtures in enumerate((true, swap_some(true), blurred)):
        run = tmp_path / str(number)
        train(TINY, Sums(mixtures.sums()), valid, run)
        results.append(weights(run))
    for other in results[1:]:
        for name, value in results[0].items():
            assert torch.equal(value, other[name]), name
    train(replace(TINY, supervised=True), Pairs(true), valid, tmp_path / "a")
    train(replace(TINY, supervised=True), Pairs(swap_some(true)), valid, tmp_path / "b")
    a, b = weights(tmp_path / "a"), weights(tmp_path / "b")
    assert any(not torch.equal(a[name], b[name]) for name in a), "the supervised twin must notice"


@dataclass(frozen=True)
class Killed(Sums):
    """Training that ends without warning in the middle of a step."""

    at: int = 0

    def update(
        self, nets: Networks, config: UnmixConfig, step: int, accelerator: Accelerator
    ) -> Mapping[str, float]:
        if step == self.at:
            raise KeyboardInterrupt
        return super().update(nets, config, step, accelerator)


def test_a_killed_run_ends_as_if_it_had_not_been(pictures: Path, tmp_path: Path) -> None:
    """Killed between two states and once more before the first new one; the last leg is the command itself."""
    config = replace(TINY, steps=40, mixtures=50)
    sums = draw_mixtures(pictures, "mnist", "train", 50, 0).sums()
    valid = draw_mixtures(pictures, "mnist", "valid", VALID_MIXTURES, VALID_SEED)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(config, Sums(sums), valid, whole, check_every=10)
    for at in (28, 23):
        with pytest.raises(KeyboardInterrupt):
            train(config, Killed(sums, at=at), valid, killed, check_every=10)
        assert [path.name for path in states(killed)] == ["state-20"]
    arguments = [
        "train",
        "mask",
        "mnist",
        "--data",
        str(pictures),
        "--run",
        str(killed),
        "--check-every",
        "10",
    ]
    sizes = ["--precision", "no", "--width", "2", "--pairs", "4", "--steps", "40", "--mixtures", "50"]
    assert main.main([*arguments, *sizes]) == 0
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(killed)[name]), name
    rows = [read_log(run) for run in (whole, killed)]
    for one, other in zip(*rows, strict=True):
        assert one | {"seconds": ""} == other | {"seconds": ""}
    assert [row["step"] for row in rows[0]] == ["10", "20", "30", "40"]
    seconds = [float(row["seconds"]) for row in rows[1]]
    assert seconds == sorted(seconds), "the time of earlier legs is counted"
    assert all(
        np.isfinite(float(rows[0][-1][name])) for name in ("total", "cycle", "adversarial", "valid_psnr")
    )
    assert (killed / "samples" / "step-000040.png").is_file()
    unmixer = hub.load_unmixer("mask-mnist", killed)
    assert sorted(unmixer.sources) == sorted(SETS["mnist"].labels)


def read_log(run: Path) -> list[dict[str, str]]:
    with (run / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_supervised_training_learns_to_tell_rows_from_columns(pictures: Path, tmp_path: Path) -> None:
    config = replace(TINY, supervised=True, width=4, pairs=12, steps=100, learning_rate=3e-3, average=0.9)
    valid = draw_mixtures(pictures, "mnist", "test", 24, 0)
    train(config, Pairs(draw_mixtures(pictures, "mnist", "train", 200, 0)), valid, tmp_path, check_every=50)
    last = read_log(tmp_path)[-1]
    doing_nothing = 10 * np.log10(4 / (3 / 28))  # the mask 0.5 on bars of 3 of 28 rows, roughly
    assert float(last["valid_psnr"]) > doing_nothing + 3
    assert float(last["decision"]) > 0.5


def test_collapse_is_said_plainly() -> None:
    assert "collapsed: one source gets 97 %" in str(warning(0.03, 0.9))
    assert "collapsed" in str(warning(0.95, 0.9))
    assert "nearly grey" in str(warning(0.5, 0.01))
    assert warning(0.4, 0.8) is None


def test_the_papers_setting() -> None:
    paper = CONFIGS["paper"]["mnist"]
    assert paper.weights == Weights(cycle=1.0, adversarial=5.0, equity=5.0, balance=0.0)
    assert (paper.width, paper.learning_rate, paper.mask_updates, paper.mixtures) == (64, 1e-4, 4, 25_000)
    assert CONFIGS["paper"]["shoes-bags"].mixtures == 10_000
    assert learning_rate(paper, 1) == learning_rate(paper, paper.steps) == 1e-4


def test_a_term_left_out_has_no_weight_and_the_rest_stays() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    base = ["mnist", "--data", "data"]
    whole = configured(parser.parse_args(base))
    less = configured(parser.parse_args([*base, "--without", "cycle", "--without", "equity", "--seed", "3"]))
    assert whole == CONFIGS["working"]["mnist"]
    assert less == replace(whole, seed=3, weights=replace(whole.weights, cycle=0.0, equity=0.0))


@pytest.mark.parametrize(
    ("more", "reason"), [(["cats"], "available: mnist, fashion"), (["fashion"], "no fashion_shoes_bags.npz")]
)
def test_missing_pictures_are_one_line(
    pictures: Path, more: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["train", "mask", *more, "--data", str(pictures)]) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


def test_schedules_of_the_working_setting() -> None:
    config = replace(CONFIGS["working"]["mnist"], steps=1000)
    rates = [learning_rate(config, step) for step in range(1, 1001)]
    assert rates[0] == rates[599] == config.learning_rate
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0.02 * config.learning_rate)
    margins = [margin(config, step) for step in range(1, 1001)]
    assert margins[399] == 0
    assert margins == sorted(margins)
    assert margins[-1] == config.margin


def test_the_average_follows_weights_and_statistics() -> None:
    """At first it is the network itself, then it follows, faster in the first steps than later."""
    config = replace(TINY, average=0.5)
    nets = build(config, Accelerator())
    averaged = averaging(config, nets.average)
    averaged.update_parameters(nets.average)
    before = {name: value.clone() for name, value in averaged.module.state_dict().items()}
    with torch.no_grad():
        for value in nets.average.state_dict().values():
            value.add_(1)
    averaged.update_parameters(nets.average)
    for name, value in averaged.module.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, before[name] + 10 / 11)
    for _ in range(30):
        averaged.update_parameters(nets.average)
    decided = averaged.module.state_dict()
    for name, value in nets.average.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(decided[name], value, atol=1e-4, rtol=0)
    assert not nets.average.training
