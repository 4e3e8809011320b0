"""What a person is told when something fails, and what the log keeps of it."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
import torch

from bssdemo.audio import AudioError
from bssdemo.machine import faults, journal
from bssdemo.search.presets import PRESETS
from bssdemo.separation.request import Request, configure


def caught(action: object) -> Exception:
    assert callable(action)
    with pytest.raises(Exception) as error:  # noqa: PT011
        action()
    return error.value


def test_our_own_refusals_are_told_as_they_are() -> None:
    ours = caught(lambda: configure(Request(("digit",), preset="best")))
    assert faults.sentence(ours) == f"There is no preset called best. Available: {', '.join(PRESETS)}."
    assert faults.sentence(AudioError("it is\n  silent")) == "it is silent"


@pytest.mark.parametrize(
    "action",
    [
        lambda: np.zeros(3).reshape(2, 2),
        lambda: int("kazoo"),
        lambda: torch.zeros(2) @ torch.zeros(3),
        lambda: {}["digit"],
        lambda: json.loads("{"),
    ],
)
def test_what_a_library_raises_is_a_fault(action: object) -> None:
    assert faults.sentence(caught(action)) is None


def test_what_the_disk_says_names_the_file() -> None:
    error = OSError(28, "No space left on device", "digit.wav")
    assert faults.sentence(error) == "digit.wav: No space left on device"


def test_a_fault_is_told_with_the_reference_under_which_it_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = caught(lambda: {}["the name of somebody's file"])
    with caplog.at_level(logging.INFO, "bssdemo.journal"):
        told = faults.told(error, "a search", "session")
    line = json.loads(caplog.messages[-1])
    assert (
        told == f"A search broke off because of a fault in this app; its log says more under {line['fault']}."
    )
    assert (line["what"], line["error"], line["visitor"]) == (
        "a search",
        "KeyError",
        journal.short("session"),
    )
    assert "test_faults.py" in line["at"]
    assert "somebody" not in caplog.text


def test_a_record_is_one_line_of_json_without_the_visitors_session(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bssdemo.journal"):
        journal.record("search", "a session hash", 1.23456, steps=40)
    line = json.loads(caplog.messages[-1])
    assert {key: line[key] for key in ("what", "seconds", "steps")} == {
        "what": "search", "seconds": 1.235, "steps": 40,
    }  # fmt: skip
    assert line["visitor"] == journal.short("a session hash")
    assert "a session hash" not in caplog.text
