"""One environment variable, or --device, decides where networks compute."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import torch

from bssdemo.checkpoints import disk, hub
from bssdemo.commands import main
from bssdemo.machine import device


@pytest.fixture(autouse=True)
def _undecided(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (device.VARIABLE, device.FORCED):
        monkeypatch.setenv(name, "")
    device.chosen.cache_clear()
    yield
    device.chosen.cache_clear()
    disk._read.cache_clear()


@pytest.mark.parametrize(
    ("asked", "cards", "chosen"),
    [
        ("", (), "cpu"),
        ("auto", ("cuda",), "cuda"),
        ("auto", ("cuda", "mps"), "cuda"),
        (" Auto ", ("mps",), "mps"),
        ("cpu", ("cuda", "mps"), "cpu"),
        ("mps", ("cuda", "mps"), "mps"),
    ],
)
def test_what_is_asked_for(
    asked: str, cards: tuple[str, ...], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(device.VARIABLE, asked)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in cards)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in cards)
    assert device.chosen().type == chosen


def test_a_card_that_is_not_there_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    words = ["separate", "examples/digit-piano/mixture.wav", "--sources", "digit,piano"]
    assert main.main([*words, "--device", "cuda", "--out", str(tmp_path / "out")]) == 2
    assert "torch finds no cuda device here" in capsys.readouterr().err
    monkeypatch.setenv(device.VARIABLE, "quantum")
    with pytest.raises(ValueError, match="must be auto, cpu, cuda or mps, got 'quantum'"):
        device.wanted()


def test_the_option_is_the_variable_for_this_process_and_its_children(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device.ask("cpu")
    assert os.environ[device.VARIABLE] == "cpu"
    assert os.environ[device.FORCED] == "true"  # accelerate trains there too


def test_weights_are_loaded_to_the_device(monkeypatch: pytest.MonkeyPatch, tiny_checkpoints: Path) -> None:
    """`meta` stands for a card: it holds shapes alone."""
    disk._read.cache_clear()
    monkeypatch.setattr(device, "chosen", cache(lambda: torch.device("meta")))
    prior = hub.load("digit", tiny_checkpoints)
    assert {weights.device.type for weights in prior.generator.parameters()} == {"meta"}
    assert prior.generator(torch.empty(2, 100, device="meta")).device.type == "meta"
