"""A run that cannot go on says why, and loses nothing that it had."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from bssdemo.training.loop import CsvLog, TrainingError, load_state, save_state


def prepared(size: int) -> Accelerator:
    accelerator = Accelerator(mixed_precision="no", cpu=True)
    network = torch.nn.Linear(size, 1)
    accelerator.prepare(network, torch.optim.Adam(network.parameters()))
    return accelerator


def test_a_state_of_a_network_of_another_size_is_refused_in_a_sentence(tmp_path: Path) -> None:
    save_state(prepared(3), tmp_path, 5)
    assert load_state(prepared(3), tmp_path) == 5
    with pytest.raises(TrainingError, match=r"state-5 cannot be resumed: .* another size"):
        load_state(prepared(4), tmp_path)


@pytest.mark.parametrize("file", ["model.safetensors", "optimizer.bin"])
def test_a_damaged_state_is_refused_in_a_sentence(tmp_path: Path, file: str) -> None:
    save_state(prepared(3), tmp_path, 5)
    (tmp_path / "state-5" / file).write_bytes(b"torn")
    with pytest.raises(TrainingError, match="remove it to begin anew"):
        load_state(prepared(3), tmp_path)


def test_a_disk_that_fills_keeps_the_state_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accelerator = prepared(3)
    save_state(accelerator, tmp_path, 5)

    def full(folder: str, **_: object) -> None:
        Path(folder).mkdir()
        raise RuntimeError(
            "[enforce fail at inline_container.cc] . PytorchStreamWriter failed writing file\nmore"
        )

    monkeypatch.setattr(accelerator, "save_state", full)
    with pytest.raises(
        TrainingError, match=r"step 10 could not be written .* MB are free.* the state before is kept"
    ):
        save_state(accelerator, tmp_path, 10)
    assert [path.name for path in tmp_path.iterdir()] == ["state-5"]
    assert load_state(prepared(3), tmp_path) == 5


@pytest.mark.parametrize(
    "torn",
    [
        b"step,seconds,loss\n20,1.0,0.5\n40,inf,0.4\n",
        b"step,seconds,loss\n20,1.0,0.5\n" + b'"' + b"x" * 200_000 + b"\n",
        b"\x00\x01\xff\n20,1.0,0.5\n",
        b"",
    ],
)
def test_a_log_of_any_content_does_not_stop_a_run(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "log.csv").write_bytes(torn)
    log = CsvLog(tmp_path / "log.csv", ["step", "seconds", "loss"], 40)
    assert 0 <= log.seconds < float("inf")
    log.write({"step": 60, "seconds": 2.0, "loss": 0.3})
    text = (tmp_path / "log.csv").read_text()
    assert text.startswith("step,seconds,loss\n")
    assert text.endswith("60,2.0,0.3\n")
