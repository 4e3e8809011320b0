"""Unmix-and-remix in the comparison: offered for the two sources of a network only, and its stems keep their names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
import torch

from bssdemo.checkpoints import hub
from bssdemo.separation import Networks, Setup, networks
from bssdemo.separation.methods import UNMIX
from bssdemo.separation.run import snapshots
from bssdemo.ui.audio.examples import Example, find
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.audio.replay import left
from bssdemo.ui.board.components import EMPTY
from bssdemo.ui.compare.layout import Controls, lay_out
from bssdemo.ui.compare.run import offered
from bssdemo.ui.compare.shown import compared, opened
from bssdemo.ui.session import Turn
from tests.ui.wire import decode


@pytest.fixture(scope="module")
def with_masks(tiny_sound_masks: Path) -> Networks:
    found = networks.everything(tiny_sound_masks)
    return replace(found, unmixers=tuple(one for one in found.unmixers if one.origin == "folder"))


def example(slug: str) -> Example:
    return next(one for one in find() if one.slug == slug)


def recorded(slug: str, loaded: Networks) -> Outcome:
    outcome = left(example(slug), loaded)
    assert outcome is not None
    return outcome


@pytest.fixture
def ui() -> Controls:
    with gr.Blocks():
        return lay_out()


@pytest.mark.parametrize("sources", [("digit", "drums"), ("drums", "digit")])
def test_it_is_offered_for_its_two_sources_in_any_order(
    with_masks: Networks, sources: tuple[str, str]
) -> None:
    methods, refusals = offered(sources, 60.0, with_masks)
    assert UNMIX in methods
    assert not any("Unmix-and-remix" in words for words in refusals)


@pytest.mark.parametrize(
    "sources",
    [("digit",), ("digit", "piano"), ("digit", "digit"), ("drums", "piano"), ("digit", "drums", "piano")],
)
def test_for_others_it_is_not_and_the_pair_there_is_gets_named(
    with_masks: Networks, sources: tuple[str, ...]
) -> None:
    """Also not for drums and piano, whose network was shown the true sources."""
    methods, refusals = offered(sources, 1.0, with_masks)
    assert UNMIX not in methods
    assert refusals == [
        "Unmix-and-remix has no network for these sources, only for drum hits and spoken digits."
    ]


def test_without_any_network_the_section_says_how_to_get_one(with_masks: Networks) -> None:
    _, refusals = offered(("digit", "drums"), 1.0, Networks(with_masks.priors))
    assert "docs/guide/unmix.md" in refusals[0]


def test_a_damaged_network_and_one_of_unknown_sources_leave_the_page_alone(
    tiny_sound_masks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BUNDLED", tmp_path)
    good = tiny_sound_masks / "mask-digit-drums"
    for name, change in (("mask-digit-drums", ("32", "31")), ("mask-digit-flute", ("drums", "flute"))):
        (tmp_path / name).mkdir()
        config = (good / "config.json").read_text().replace(*change)
        (tmp_path / name / "config.json").write_text(config)
        (tmp_path / name / "model.safetensors").write_bytes((good / "model.safetensors").read_bytes())
    for prior in ("digit", "drums"):
        (tmp_path / prior).symlink_to(tiny_sound_masks / prior)
    found = networks.everything()
    assert set(found.priors) == {"digit", "drums"}
    assert found.unmixers == ()
    assert len(found.problems) == 1
    assert "mask-digit-drums" in found.problems[0]


def test_where_the_network_comes_from_is_told(with_masks: Networks) -> None:
    assert any(
        line.startswith("masks for drum hits and spoken digits: from a folder")
        for line in with_masks.provenance()
    )


@pytest.mark.parametrize("loudness", [1.0, 0.01])
def test_stems_come_in_the_order_asked_for_and_add_up_whatever_the_level_and_length(
    with_masks: Networks, loudness: float
) -> None:
    mix = 0.3 * torch.randn(40_000, generator=torch.Generator().manual_seed(0))
    found = {}
    for sources in (("digit", "drums"), ("drums", "digit")):
        *_, answer = snapshots(loudness * mix, UNMIX, Setup(sources, with_masks))
        torch.testing.assert_close(answer.estimates.sum(0), loudness * mix, atol=1e-5, rtol=0)
        found[sources] = answer.estimates / loudness
    torch.testing.assert_close(found["digit", "drums"], found["drums", "digit"].flip(0))
    first, second = found["digit", "drums"]
    assert (first - second).abs().max() > 1e-2


def test_the_section_ticks_it_or_says_why_not(with_masks: Networks, ui: Controls) -> None:
    chosen = opened(ui, recorded("digit-drums", with_masks), with_masks)[ui.chosen]
    assert chosen.value == [UNMIX, "nmf"]
    assert UNMIX in [key for _, key in chosen.choices]
    assert not chosen.info
    chosen = opened(ui, recorded("digit-piano", with_masks), with_masks)[ui.chosen]
    assert chosen.value == ["nmf"]
    assert UNMIX not in [key for _, key in chosen.choices]
    assert "only for drum hits and spoken digits" in chosen.info


def test_a_comparison_shows_its_stems_by_name_and_never_turns_them_round(
    with_masks: Networks, ui: Controls
) -> None:
    """The true sources are known: components without names would be put in order."""
    outcome = recorded("digit-drums", with_masks)
    updates = list(compared(outcome, [UNMIX, "nmf"], [None] * 4, find(), with_masks, Turn(), ui))
    answers = updates[-1][ui.compared].answers
    assert list(answers) == [UNMIX, "nmf"]
    shown = [update[ui.rows[UNMIX].board] for update in updates if ui.rows[UNMIX].board in update]
    assert {decode(frame).names for frame in shown if frame != EMPTY} == {("spoken digits", "drum hits")}
    *_, answer = snapshots(outcome.heard.mono, UNMIX, Setup(("digit", "drums"), with_masks))
    torch.testing.assert_close(answers[UNMIX].estimates, answer.estimates)
    assert [file.name for file in answers[UNMIX].files] == ["digit.wav", "drums.wav"]
    table = updates[-1][ui.table]
    assert table.index("Unmix-and-remix") < table.index("NMF")
