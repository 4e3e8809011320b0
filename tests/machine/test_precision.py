"""One environment variable decides what loaded priors compute in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from bssdemo.machine import precision


@pytest.fixture(autouse=True)
def _undecided() -> Iterator[None]:
    precision.for_search.cache_clear()
    yield
    precision.for_search.cache_clear()


@pytest.mark.parametrize(
    ("asked", "pays", "dtype"),
    [
        ("float32", True, torch.float32),
        ("bf16", False, torch.bfloat16),
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
        (" Auto ", True, torch.bfloat16),
        ("", False, torch.float32),
        ("", True, torch.bfloat16),
    ],
)
def test_what_is_asked_for(
    asked: str, pays: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(precision.VARIABLE, asked)
    monkeypatch.setattr(precision, "bf16_pays", lambda: pays)
    assert precision.for_search() is dtype


def test_it_is_decided_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(precision.VARIABLE, "float32")
    assert precision.for_search() is torch.float32
    monkeypatch.setenv(precision.VARIABLE, "bf16")
    assert precision.for_search() is torch.float32


def test_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(precision.VARIABLE, "float16")
    with pytest.raises(ValueError, match="BSSDEMO_PRECISION must be auto, float32 or bf16, got 'float16'"):
        precision.for_search()


@pytest.mark.parametrize(("bf16", "pays"), [(0.5, True), (0.7, False), (2.0, False)])
def test_bf16_pays_when_it_takes_two_thirds(bf16: float, pays: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    bursts = iter([9.0, 9.0] * 4 + [bf16, 1.0])  # another program is busy, then it is not
    monkeypatch.setattr(precision, "_seconds", lambda dtype: next(bursts))
    assert precision.bf16_pays.__wrapped__() is pays
