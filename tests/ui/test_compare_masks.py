"""Unmix-and-remix in the comparison: offered for the two sources of a network only, and its stems keep their names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
import torch

from bssdemo import audio, hub
from bssdemo.baselines.catalogue import BASELINES
from bssdemo.ui import examples
from bssdemo.ui.board import EMPTY
from bssdemo.ui.compare_controls import Comparison, lay_out, ticked
from bssdemo.ui.compare_methods import UNMIX, catalogue, lacking, offered
from bssdemo.ui.compare_visit import compared, opened
from bssdemo.ui.frame import decode
from bssdemo.ui.kept import Kept
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf, stock
from bssdemo.unmix import method


@pytest.fixture(scope="module")
def shelf(tiny_sound_masks: Path) -> Shelf:
    found = stock(tiny_sound_masks)
    return replace(found, unmixers=tuple(one for one in found.unmixers if one.origin == "folder"))


def example(slug: str) -> examples.Example:
    return next(one for one in examples.find() if one.slug == slug)


def recorded(slug: str, shelf: Shelf) -> Kept:
    kept = example(slug).kept([shelf.label(name) for name in example(slug).sources])
    assert kept is not None
    return kept


@pytest.fixture
def ui() -> Comparison:
    with gr.Blocks():
        return lay_out()


@pytest.mark.parametrize("sources", [("digit", "drums"), ("drums", "digit")])
def test_it_is_offered_for_its_two_sources_in_any_order(shelf: Shelf, sources: tuple[str, str]) -> None:
    assert list(catalogue(sources, shelf)) == [UNMIX, *BASELINES]
    assert lacking(sources, shelf) is None
    assert UNMIX in offered(catalogue(sources, shelf), 60.0)


@pytest.mark.parametrize(
    "sources",
    [("digit",), ("digit", "piano"), ("digit", "digit"), ("drums", "piano"), ("digit", "drums", "piano")],
)
def test_for_others_it_is_not_and_the_pair_there_is_gets_named(
    shelf: Shelf, sources: tuple[str, ...]
) -> None:
    """Also not for drums and piano, whose network was shown the true sources."""
    assert list(catalogue(sources, shelf)) == list(BASELINES)
    words = lacking(sources, shelf)
    assert words == "Unmix-and-remix has no network for these sources, only for drum hits and spoken digits."


def test_without_any_network_the_section_says_how_to_get_one(shelf: Shelf) -> None:
    words = lacking(("digit", "drums"), Shelf(shelf.priors, ()))
    assert words is not None
    assert "docs/unmix.md" in words


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
    shelf = stock()
    assert list(shelf.priors) == ["digit", "drums"]
    assert shelf.unmixers == ()
    assert len(shelf.problems) == 1
    assert "mask-digit-drums" in shelf.problems[0]


def test_where_the_network_comes_from_is_told(shelf: Shelf) -> None:
    assert any(
        line.startswith("masks for drum hits and spoken digits: from a folder") for line in shelf.provenance()
    )


@pytest.mark.parametrize("loudness", [1.0, 0.01])
def test_stems_come_in_the_order_asked_for_and_add_up_whatever_the_level_and_length(
    tiny_sound_masks: Path, loudness: float
) -> None:
    unmixer = hub.load_sound_unmixer(("digit", "drums"), tiny_sound_masks)
    mix = 0.3 * torch.randn(40_000, generator=torch.Generator().manual_seed(0))
    found = {}
    for sources in (("digit", "drums"), ("drums", "digit")):
        *_, answer = method.method(unmixer, sources).separate(loudness * mix, 2)
        torch.testing.assert_close(answer.estimates.sum(0), loudness * mix, atol=1e-5, rtol=0)
        found[sources] = answer.estimates / loudness
    torch.testing.assert_close(found["digit", "drums"], found["drums", "digit"].flip(0))
    *_, first = method.method(unmixer, unmixer.sources).separate(mix, 2)
    torch.testing.assert_close(found["drums", "digit"], first.estimates, atol=1e-4, rtol=0)
    assert (first.estimates[0] - first.estimates[1]).abs().max() > 1e-2


def offered_in(chosen: gr.CheckboxGroup) -> list[str]:
    return [key for _, key in chosen.choices]


def test_the_section_ticks_it_or_says_why_not(shelf: Shelf, ui: Comparison) -> None:
    _, chosen, *_ = opened(recorded("digit-drums", shelf), shelf, ui)
    assert chosen.value == [UNMIX, "nmf"]
    assert UNMIX in offered_in(chosen)
    assert not chosen.info
    _, chosen, *_ = opened(recorded("digit-piano", shelf), shelf, ui)
    assert chosen.value == ["nmf"]
    assert UNMIX not in offered_in(chosen)
    assert "only for drum hits and spoken digits" in chosen.info
    assert ticked(["pca"]) == []


def test_a_comparison_shows_its_stems_by_name_and_never_turns_them_round(
    shelf: Shelf, ui: Comparison, tiny_sound_masks: Path
) -> None:
    """The true sources are known: components without names would be put in order."""
    kept = recorded("digit-drums", shelf)
    values = list(compared(kept, [UNMIX, "nmf"], [None] * 4, examples.find(), shelf, Session(), ui))
    *_, (_, left, table, *_), _ = values
    assert [row.method for row in left.rows] == [UNMIX, "nmf"]
    at = ui.results.index(ui.rows[UNMIX].board)
    shown = [row[at] for row in values if isinstance(row[at], str) and row[at] != EMPTY]
    assert {decode(frame).names for frame in shown} == {("spoken digits", "drum hits")}
    unmixer = hub.load_sound_unmixer(kept.sources, tiny_sound_masks)
    mono = audio.to_mono_16k(audio.read(kept.mixture))
    *_, answer = method.method(unmixer, ("digit", "drums")).separate(mono, 2)
    torch.testing.assert_close(left.rows[0].estimates(), answer.estimates, atol=1e-4, rtol=0)
    assert table.value.index("Unmix-and-remix") < table.value.index("NMF")
