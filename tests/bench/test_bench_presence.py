"""What the tagger hears: the measures themselves, and the command on toy recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bssdemo.bench.presence import Heard, tabled
from bssdemo.checkpoints import hub
from bssdemo.commands.main import main
from bssdemo.data.tagged import mixtures
from bssdemo.metrics.presence import recall
from bssdemo.models.tagger import Tagger


def test_recall_is_at_the_asked_precision() -> None:
    told = torch.tensor([9.0, 8, 7, 6, 5, 4])
    there = torch.tensor([1.0, 1, 1, 0, 1, 0])
    assert recall(told, there, 0.95) == pytest.approx(3 / 4)
    assert recall(told, there, 0.8) == 1
    assert recall(-told, there, 0.95) == 0


def test_what_is_there_is_told_by_its_energy() -> None:
    """Three kinds that never overlap in time: their part of the mixture's energy can be read off it."""
    clips = np.zeros((3, 1, 16_384), np.float32)
    for kind in range(3):
        clips[kind, 0, kind * 4_000 : (kind + 1) * 4_000] = 1
    drawn = mixtures(
        clips, 200, np.random.default_rng(0), counts=(0.0, 0.4, 0.3, 0.3), gain_db=12.0, noise=0.0
    )
    energy = drawn.mix[:, :12_000].reshape(200, 3, 4_000).square().sum(2)
    part = energy / (drawn.mix.square().sum(1, keepdim=True) + 1e-9)
    assert torch.equal(drawn.there > 0, part > 0.01)
    assert torch.equal(drawn.asked, (part > 0.01) | (part < 1e-4))
    assert 0 < drawn.there.mean() < 1


def test_a_row_for_every_kind_and_a_line_for_recordings() -> None:
    text = tabled([Heard("piano", 0.5, 0.0125, 0.75), Heard("bass", 1.0, 0.0, None)], 0.8)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[2:4]]
    assert cells == [["piano", "0.50", "0.013", "0.75"], ["bass", "1.00", "0.000", ""]]
    assert text.endswith("recall 0.80 at 95 % precision.")


@pytest.fixture
def tagging(tiny_checkpoints: Path, tmp_path: Path) -> Path:
    """The tiny priors, and a tagger of their kinds that always hears all of them but drums."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for prior in tiny_checkpoints.iterdir():
        (folder / prior.name).symlink_to(prior)
    kinds = ["digit", "drums", "piano"]
    network = Tagger(len(kinds), 8)
    with torch.no_grad():
        network.answer.weight.zero_()
        network.answer.bias.copy_(torch.tensor([9.0, -9.0, 9.0]))
    hub.save(folder / "tagger", network, {"name": "tagger", "label": "what is in it", "sources": kinds})
    return folder


def test_the_command_asks_the_tagger_and_separates_without_the_missing(
    tagging: Path, tones: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "presence", "--data", str(tones), "--checkpoints", str(tagging), "--mixtures", "40"]
    assert main([*words, "--recordings", "4", "--absent", "1", "--steps", "2"]) == 0
    rows = capsys.readouterr().out.splitlines()
    told = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in rows[2:5]}
    assert told.keys() == {"digit", "drums", "piano"}
    assert float(told["drums"][1]) == 1  # it is never heard: turned down wherever it is
    assert float(told["piano"][1]) == 0
    assert all(0 <= float(cells[2]) <= 1 for cells in told.values())


def test_nothing_to_listen_to_is_refused(tones: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "presence", "--data", str(tones)]
    assert main([*words, "--mixtures", "0"]) == 2
    assert "--mixtures must be at least 1" in capsys.readouterr().err
