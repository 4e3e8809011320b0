"""What a program asks in words becomes a request, or a sentence that says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from bssdemo.search.pgd import PRESETS
from bssdemo.search.sliders import NAMES, positions, weights_at
from bssdemo.separation import Networks, read
from bssdemo.separation.guess import Confidence
from bssdemo.ui.programs import asked
from bssdemo.ui.programs.asked import comparison, names, sought, weighted

BALANCED = PRESETS["balanced"].objective.weights


def test_names_stand_between_commas() -> None:
    assert names(" digit, piano,,") == ("digit", "piano")


def test_a_guess_is_what_the_encoders_hear(
    tone_file: Path, loaded: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = read(tone_file)
    told = {"drums": Confidence(0.9, True), "piano": Confidence(0.95, True), "digit": Confidence(0.1, True)}
    monkeypatch.setattr(asked, "listened", lambda heard, networks: told)
    assert sought(" Guess ", heard, loaded) == ("piano", "drums")
    assert sought("digit", heard, loaded) == ("digit",)


def test_a_guess_of_nothing_names_what_there_is(
    tone_file: Path, loaded: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "listened", lambda heard, networks: {"piano": Confidence(0.1, False)})
    with pytest.raises(ValueError, match=r"Name what the recording holds: .*drums"):
        sought("guess", read(tone_file), loaded)


def test_weights_that_are_not_given_are_the_presets() -> None:
    assert weighted("balanced", spectral=None, pull=None) is None
    changed = weighted("balanced", spectral=1.5, pull=None)
    assert changed is not None
    assert (changed.spectral, changed.frequency, changed.leash) == (1.5, BALANCED.frequency, 100.0)


def test_all_weights_are_those_of_the_pages_sliders() -> None:
    stood = positions(PRESETS["paper"])
    assert weighted("paper", **dict(zip(NAMES, stood, strict=True))) == weights_at(*stood)
    assert weighted("paper", pull=0.5) == weights_at(*stood[:-1], 0.5)


@pytest.mark.parametrize("value", [-0.1, 2.1, float("nan"), float("inf")])
def test_a_weight_beyond_the_sliders_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="The weight coherence must lie between 0 and 2"):
        weighted("paper", coherence=value)


@pytest.mark.parametrize("sources", ["9" * 5000, "1", "", "5", "piano"])
def test_a_comparison_of_too_few_or_many_is_refused(sources: str) -> None:
    with pytest.raises(ValueError, match="among 2 to 4 sources"):
        comparison("nmf", sources, Networks())


def test_a_comparison_counts_or_names() -> None:
    assert comparison("nmf", "3", Networks(), seed=7).sources == ("component",) * 3
    assert comparison("nmf", "a, b", Networks(), seed=7).seed == 7
