"""`bench images`: records for every method, scores that are known, missing checkpoints said plainly."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bssdemo.bench import pictures
from bssdemo.checkpoints import hub
from bssdemo.commands import main
from bssdemo.models.mask import MaskNetwork


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Test arrays only: squares as digits 0 and lines as digits 9."""
    images = np.zeros((20, 28, 28), dtype=np.uint8)
    images[:10, 4:12, 4:12], images[10:, 20:23, 5:25] = 255, 255
    np.savez(tmp_path / "mnist.npz", test=images, test_label=np.repeat([0, 9], 10).astype(np.uint8))
    return tmp_path


def half(folder: Path, name: str) -> None:
    """A checkpoint whose mask is 1/2 everywhere."""
    network = MaskNetwork(width=1)
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    hub.save(folder / name, network, {"name": name, "label": name, "sources": ["low", "high"]})


def run(data: Path, *more: str) -> int:
    return main.main(["bench", "images", "--data", str(data), "--set", "mnist", "--mixtures", "7", *more])


def test_records_and_scores_of_a_known_mask(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of the mixture as either source: the error is |x - b| / 2, known for squares and lines."""
    half(tmp_path / "checkpoints", "mask-mnist")
    file = tmp_path / "new" / "out.json"
    more = ["--checkpoints", str(tmp_path / "checkpoints"), "--methods", "unmix,rpca", "--json", str(file)]
    assert run(data, *more) == 0
    records = json.loads(file.read_text())
    assert [(r["set"], r["method"], r["metric"], r["n"]) for r in records] == [
        ("mnist", method, metric, 7) for method in ("unmix", "rpca") for metric in ("psnr", "ssim")
    ]
    assert all(r.keys() == {"set", "method", "metric", "mean", "n"} for r in records)
    error = (64 + 60) / 4 / 32**2
    assert records[0]["mean"] == pytest.approx(-10 * np.log10(error), abs=1e-4)
    assert "20.4 / 0.90" in capsys.readouterr().out


def test_a_missing_checkpoint_is_skipped_with_a_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hub, "BUNDLED", tmp_path / "none")
    assert run(data, "--methods", "unmix,supervised,rpca") == 0
    out = capsys.readouterr().out
    assert "skipped unmix: there is no checkpoint called mask-mnist\n" in out
    assert "skipped supervised: there is no checkpoint called mask-mnist-supervised\n" in out
    assert "| rpca " in out


def test_a_damaged_checkpoint_is_an_error(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half(tmp_path / "checkpoints", "mask-mnist")
    (tmp_path / "checkpoints" / "mask-mnist" / "model.safetensors").write_bytes(b"")
    assert run(data, "--methods", "unmix", "--checkpoints", str(tmp_path / "checkpoints")) == 2
    assert "model.safetensors: is damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--methods", "magic"], "available: unmix, supervised, glo, rpca"),
        (["--mixtures", "0"], "--mixtures must be at least 1"),
        (["--seed", "-1"], "--seed must not be negative"),
        (["--set", "cats"], "available: mnist, fashion, shoes-bags"),
        (["--json", "."], "is a folder"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    data: Path, more: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, *more) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


def test_the_papers_numbers_are_those_of_its_tables() -> None:
    """Tables 1 and 2, as printed: RPCA, GLO, ours, supervised."""
    order = ("rpca", "glo", "unmix", "supervised")
    tables = {name: [pictures.PAPER[name][method] for method in order] for name in pictures.PAPER}
    assert tables == {
        "mnist": [(11.5, 0.36), (13.0, 0.74), (20.4, 0.90), (24.4, 0.96)],
        "shoes-bags": [(7.9, 0.18), (12.0, 0.51), (19.0, 0.73), (22.9, 0.86)],
    }
