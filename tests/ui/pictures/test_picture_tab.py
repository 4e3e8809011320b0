"""What the tab's events send: answers, comparisons that are kept, and nothing for a visitor who has gone on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bssdemo.ui.pictures import answer as solve
from bssdemo.ui.pictures.case import from_example, from_file
from bssdemo.ui.pictures.sheet import read
from bssdemo.ui.pictures.shelf import PictureShelf
from bssdemo.ui.pictures.tab import Held, compared, enlarged, pairs, told
from bssdemo.ui.session import Session


@pytest.fixture
def held(pictures: PictureShelf) -> Held:
    return Held(solve.unmix(from_example(pictures.sets["mnist"], 0), "unmix"), {})


def test_a_comparison_is_kept_beside_those_before(held: Held) -> None:
    *_, (said, frame, first) = compared(held, "rpca", Session())
    assert "Robust PCA is done" in said
    session = Session()
    session.stop()
    *_, (said, frame, second) = compared(first, "glo", session)
    assert "GLO was stopped after 1 of 200 steps" in said
    header, _ = read(frame)
    assert [row["key"] for row in header["rows"]] == ["unmix", "rpca", "glo"]
    assert list(second.others) == ["rpca", "glo"]
    assert held.others == {}
    *_, (_, frame, third) = compared(second, "rpca", Session())
    assert list(third.others) == ["glo", "rpca"]  # done anew, it comes last


def test_a_visitor_who_has_gone_on_is_sent_nothing(held: Held) -> None:
    session = Session()
    session.drop()
    (sent,) = compared(held, "glo", session)
    assert all(one["__type__"] == "update" and len(one) == 1 for one in sent)


def test_the_estimate_is_laid_over_its_own_truth(pictures: PictureShelf, held: Held) -> None:
    assert held.answer.truths is not None
    both = pairs(held.answer)
    assert len(both) == 2
    for pair, source, truth in zip(both, held.answer.estimate.sources, held.answer.truths, strict=True):
        for shown, given in zip(pair, (source, truth), strict=True):
            np.testing.assert_array_equal(shown[::8, ::8, 0], (255 * given[0]).round().byte().numpy())
    digits = pictures.sets["mnist"]
    assert digits.gallery is not None
    unknown = solve.unmix(from_file(digits, digits.gallery.file(0)), "unmix")
    assert pairs(unknown) == []
    assert "nothing to score by" in told(unknown)[-1]


@pytest.mark.parametrize(("channels", "size"), [(1, 32), (3, 64), (1, 512)])
def test_every_value_becomes_a_square(channels: int, size: int) -> None:
    picture = torch.rand(channels, size, size, generator=torch.Generator().manual_seed(0))
    shown = enlarged(picture, inverted=True)
    times = shown.shape[0] // size
    assert shown.shape == (max(256, size), max(256, size), 3)
    np.testing.assert_array_equal(shown[::times, ::times, 0], (255 * (1 - picture[0])).round().byte().numpy())
