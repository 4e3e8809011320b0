"""What the tab's events send: answers, comparisons that stay, and nothing for a visitor who has gone on."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio.data_classes import ImageData

from bssdemo.separation.pictures.mixtures import from_example, from_file
from bssdemo.separation.pictures.request import PictureRequest, prepare
from bssdemo.separation.pictures.result import PictureResult
from bssdemo.separation.pictures.run import PictureRun, separate
from bssdemo.separation.pictures.sets import PictureSets
from bssdemo.ui.notes import FULL, WAITING
from bssdemo.ui.pictures import boards, events
from bssdemo.ui.pictures.layout import picture_file
from bssdemo.ui.session import Turn, Turns
from bssdemo.ui.texts import asset
from tests.ui.pictures.board_value import read


class Tab:
    """The tab alone, its events called as Gradio would call them."""

    def __init__(self, sets: PictureSets) -> None:
        self.turns = Turns()
        with gr.Blocks() as self.blocks, gr.Tab("Pictures") as tab:
            events.pictures_tab(self.blocks, tab, sets, self.turns)

    def find(self, elem_id: str) -> Any:
        return next(one for one in self.blocks.blocks.values() if getattr(one, "elem_id", "") == elem_id)

    def fire(self, name: str, *inputs: Any, visitor: str = "ann", of: int = 0) -> dict[Any, Any]:
        """The updates of the event called so, all of a generator's in one; each names outputs of its own."""
        event = [one for one in self.blocks.fns.values() if one.name == name][of]
        asked = inspect.signature(event.fn).parameters
        sent = event.fn(*[gr.Request(session_hash=visitor)] * ("request" in asked), *inputs)
        together: dict[Any, Any] = {}
        for updates in sent if isinstance(sent, Iterator) else [sent or {}]:
            assert updates.keys() <= set(event.outputs)
            together |= updates
        return together

    def answered(self, **options: Any) -> tuple[PictureResult, ...]:
        (results,) = [
            v for k, v in self.fire("from_example", "unmix", **options).items() if isinstance(k, gr.State)
        ]
        return results


@pytest.fixture
def tab(sets: PictureSets) -> Tab:
    return Tab(sets)


@pytest.fixture
def answer(sets: PictureSets) -> PictureResult:
    return separate(prepare(from_example(sets.sets["mnist"], 0), PictureRequest()))


def test_an_example_sets_the_boards_the_sliders_and_the_state(tab: Tab) -> None:
    updates = tab.fire("from_example", "unmix")
    assert "Unmix-and-remix took the example 3 + 8 apart" in updates[tab.find("pictures-message")]
    assert read(updates[tab.find("pictures-unmixed")])[0]["title"] == "the example 3 + 8"
    assert updates[tab.find("pictures-comparison")] == boards.EMPTY
    assert all(updates[tab.find(f"picture-slider-{k}")].visible for k in (1, 2))
    twin = tab.fire("again", "supervised", tab.answered())
    assert "Supervised twin took the example 3 + 8 apart" in twin[tab.find("pictures-message")]


def test_the_tab_opens_with_an_answer_and_keeps_one_that_is_there(tab: Tab) -> None:
    updates = tab.fire("welcome", "unmix", ())
    assert read(updates[tab.find("pictures-unmixed")])[0]["title"] == "the example 3 + 8"
    assert tab.find("pictures-message") not in updates  # it goes on telling what a visitor can do
    (kept,) = tab.fire("welcome", "unmix", tab.answered()).values()
    assert kept == gr.skip()


@pytest.mark.parametrize(("psnr", "said"), [(17.0, "apart in part"), (23.0, "apart.")])
def test_an_answer_says_no_more_than_its_scores(answer: PictureResult, psnr: float, said: str) -> None:
    assert answer.scores is not None
    scores = tuple(replace(score, psnr=psnr + at) for at, score in enumerate(answer.scores))
    told = events.sentences(replace(answer, scores=scores))[0]
    assert told.startswith(f"Unmix-and-remix took the example 3 + 8 {said}")


def test_a_refusal_changes_the_message_alone(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    message = tab.find("pictures-message")
    for name, given in (
        ("from_file", ("mnist", "unmix", None, "average")),
        ("once_both", ("mnist", "unmix", "a.png", None)),
        ("from_file", ("cats", "unmix", "a.png", "average")),
    ):
        assert list(tab.fire(name, *given)) == [message]

    def faulty(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(events, "separate", faulty)
    (told,) = tab.fire("from_example", "unmix").values()
    assert "a fault in this app" in told


def test_a_comparison_takes_a_turn_and_gives_it_back(tab: Tab) -> None:
    results = tab.answered()
    assert events.FIRST in tab.fire("announce", ())[tab.find("pictures-message")]
    assert len(tab.turns) == 0
    assert WAITING in tab.fire("announce", results)[tab.find("pictures-message")]
    assert tab.turns.current("ann", "picture") is not None
    updates = tab.fire("run", results)
    assert "Robust PCA is done" in updates[tab.find("pictures-message")]
    assert [row["key"] for row in read(updates[tab.find("pictures-comparison")])[0]["rows"]] == [
        "unmix",
        "rpca",
    ]
    assert len(tab.turns) == 0
    nothing = tab.fire("run", results)  # an event that nobody announced
    assert nothing == {tab.find("pictures-comparison"): gr.skip()}


def test_stop_acts_while_a_run_waits_and_for_its_own_visitor(tab: Tab) -> None:
    results = tab.answered()
    for visitor in ("ann", "bob"):
        tab.fire("announce", results, visitor=visitor)
    tab.fire("halt", visitor="bob")
    stopped = tab.fire("run", results, visitor="bob", of=1)
    assert "GLO was stopped after 1 of 200 steps" in stopped[tab.find("pictures-message")]
    assert "Robust PCA is done" in tab.fire("run", results)[tab.find("pictures-message")]


def test_another_picture_or_leaving_ends_a_comparison_silently(tab: Tab) -> None:
    results = tab.answered()
    for end in (tab.answered, lambda: tab.fire("leave")):
        tab.fire("announce", results)
        end()
        assert tab.fire("run", results, of=1) == {tab.find("pictures-comparison"): gr.skip()}
        assert len(tab.turns) == 0


def test_a_full_queue_and_a_fault_are_told_and_give_the_turn_back(
    tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tab.answered()
    tab.fire("announce", results)
    assert FULL in tab.fire("refused")[tab.find("pictures-message")]
    assert len(tab.turns) == 0

    def faulty(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(PictureRun, "__iter__", faulty)
    tab.fire("announce", results)
    assert "a fault in this app" in tab.fire("run", results)[tab.find("pictures-message")]
    assert len(tab.turns) == 0


def test_comparisons_stay_beside_those_before(answer: PictureResult) -> None:
    *_, first = events.compared((answer,), "rpca", Turn())
    assert [one.method for one in first] == ["unmix", "rpca"]
    turn = Turn()
    turn.stop()
    *_, second = events.compared(first, "glo", turn)
    assert [one.method for one in second] == ["unmix", "rpca", "glo"]
    assert events.ended(second[-1]).startswith("GLO was stopped after 1 of 200 steps")
    *_, third = events.compared(second, "rpca", Turn())
    assert [one.method for one in third] == ["unmix", "glo", "rpca"]  # done anew, it comes last


def test_a_visitor_who_has_gone_on_is_sent_nothing(answer: PictureResult) -> None:
    turn = Turn()
    turn.drop()
    assert list(events.compared((answer,), "glo", turn)) == []


def test_the_estimate_is_laid_over_its_own_truth(sets: PictureSets, answer: PictureResult) -> None:
    assert answer.truths is not None
    for slider, source, truth in zip(events.sliders(answer), answer.sources, answer.truths, strict=True):
        (update,) = [slider.constructor_args["value"]]
        for shown, given in zip(update, (source, truth), strict=True):
            np.testing.assert_array_equal(shown[::8, ::8, 0], (255 * given[0]).round().byte().numpy())
    digits = sets.sets["mnist"]
    assert digits.examples is not None
    unknown = separate(prepare(from_file(digits, digits.examples.file(0)), PictureRequest()))
    assert [slider.visible for slider in events.sliders(unknown)] == [False, False]
    assert "nothing to score by" in events.sentences(unknown)[-1]


def test_the_sets_networks_decide_what_can_be_chosen(tab: Tab) -> None:
    method = tab.find("picture-method")
    assert tab.fire("choose", "mnist")[method]["visible"]
    assert not tab.fire("choose", "shoes-bags")[method]["visible"]
    rows = [one for one in tab.fire("choose", "shoes-bags") if isinstance(one, gr.Row)]
    assert len(rows) == 2


def test_every_id_is_there_once_and_is_a_pictures(tab: Tab) -> None:
    ids = [one.elem_id for one in tab.blocks.blocks.values() if getattr(one, "elem_id", None)]
    assert len(ids) == len(set(ids))
    assert all(re.match(r"pictures?-", one) for one in ids)
    styled = re.findall(r"#([a-z][\w-]+)[ ,>]", asset("bssdemo.ui.pictures", "boards.css"))
    assert set(styled) <= set(ids)


def test_no_event_takes_the_name_of_a_public_endpoint(tab: Tab) -> None:
    """Gradio numbers a name that is given twice: the endpoint built later would be called stop_1."""
    assert {event.api_name for event in tab.blocks.fns.values()}.isdisjoint(
        {"separate", "compare", "stop", "unmix"}
    )


def test_the_tab_stands_without_any_network() -> None:
    """It says what is missing, and a press is refused in words."""
    tab = Tab(PictureSets({}, ("Digits: no trained network is here yet.",)))
    assert "Digits: no trained network is here yet." in tab.find("pictures-message").value
    (said,) = tab.fire("from_file", None, "unmix", "a.png", "average").values()
    assert "no trained network for pictures here yet" in said


def test_an_upload_arrives_as_its_path() -> None:
    """Gradio's own component opens the file; should its way in be called otherwise one day, this says so."""
    assert callable(gr.Image.preprocess)
    component = picture_file("picture")
    assert component.preprocess(ImageData(path="words.png")) == "words.png"
    assert component.preprocess(None) is None
