"""Ablations: runs are told apart by what they left out, unfinished ones refused; the table tells each term's worth."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bssdemo.bench.mask_ablations import Ablation, table
from bssdemo.checkpoints import hub
from bssdemo.commands import main
from bssdemo.models.mask import MaskNetwork
from bssdemo.training.mask_config import CONFIGS
from tests.bench.reading import cells

STEPS = 10


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of MNIST's shape: upper half full for the low digits, lower half for the high ones."""
    folder = tmp_path_factory.mktemp("halves")
    pictures = np.zeros((40, 28, 28), np.uint8)
    labels = np.arange(40, dtype=np.uint8) % 10
    pictures[labels < 5, :14], pictures[labels >= 5, 14:] = 255, 255
    np.savez(folder / "mnist.npz", train=pictures, train_label=labels, test=pictures, test_label=labels)
    return folder


def finished(folder: Path, bias: float, without: tuple[str, ...] = (), seed: int = 0) -> Path:
    """A run whose masks are everywhere the sigmoid of `bias`, as train mask leaves it."""
    usual = CONFIGS["working"]["mnist"]
    config = replace(
        usual, steps=STEPS, seed=seed, weights=replace(usual.weights, **dict.fromkeys(without, 0.0))
    )
    network = MaskNetwork(width=2, bounded=False)
    last = network.layers[-2]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.fill_(bias)
    hub.save(folder / "checkpoint", network, {"name": "mask-mnist", "label": "x", "sources": ["a", "b"]})
    (folder / "config.json").write_text(json.dumps(asdict(config)))
    (folder / f"state-{STEPS}").mkdir()
    return folder


def test_the_table_of_finished_runs(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Grey masks leave half of the other source: an error of 1/4 on the 28 x 28 of 32 x 32 values."""
    runs = [finished(tmp_path / "a", 0.0), finished(tmp_path / "b", 0.0, seed=1)]
    runs.append(finished(tmp_path / "c", 9.0, ("equity",)))
    arguments = ["bench", "ablations", *map(str, runs), "--data", str(data), "--mixtures", "8"]
    assert main.main([*arguments, "--json", str(tmp_path / "out" / "a.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    grey = 10 * np.log10(4 * 32**2 / 28**2)
    nothing, equity = map(cells, lines[2:4])
    assert nothing[:3] == ["nothing", "0, 1", f"{grey:.2f} ({grey:.2f}-{grey:.2f})"]
    assert nothing[4:] == ["0.50 (0.50-0.50)", "0 of 2"]
    assert equity[:2] == ["equity", "0"]
    assert equity[4:] == ["1.00", "1 of 1"]
    kept = json.loads((tmp_path / "out" / "a.json").read_text())
    assert [(one["without"], one["seed"], one["collapsed"]) for one in kept] == [
        ([], 0, False), ([], 1, False), (["equity"], 0, True),
    ]  # fmt: skip


def test_what_cannot_be_compared_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unfinished = finished(tmp_path / "a", 0.0)
    (unfinished / f"state-{STEPS}").rename(unfinished / "state-5")
    (tmp_path / "none").mkdir()
    for folder, reason in (
        (unfinished, "has not come to its end"),
        (tmp_path / "none", "is no run of train mask"),
    ):
        assert main.main(["bench", "ablations", str(folder), "--data", str(data)]) == 2
        error = capsys.readouterr().err
        assert reason in error
        assert error.count("\n") == 1


def test_rows_begin_with_the_whole_method() -> None:
    one = Ablation("mnist", ("cycle",), 0, 10, 20.0, 0.9, 0.5, 0.6, False, 5)
    rows = table(
        [one, replace(one, without=()), replace(one, without=("adversarial",), psnr=12.0)]
    ).splitlines()
    assert [cells(row)[0] for row in rows[2:]] == ["nothing", "adversarial", "cycle"]
    assert cells(rows[3])[2] == "12.00"
