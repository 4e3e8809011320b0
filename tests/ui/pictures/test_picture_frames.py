"""Frames of the two boards say what was found, and stay small."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bssdemo.ui.pictures import answer as solve
from bssdemo.ui.pictures.case import from_example, from_file
from bssdemo.ui.pictures.frames import POINTS, answer_frame, comparison_frame, thinned
from bssdemo.ui.pictures.sheet import Sheet, read
from bssdemo.ui.pictures.shelf import PictureShelf


@pytest.mark.parametrize(("channels", "inverted"), [(1, False), (1, True), (3, False), (3, True)])
def test_tiles_come_back_exactly(channels: int, inverted: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    source, mask = (torch.rand(channels, 16, 16, generator=generator) for _ in range(2))
    sheet = Sheet(inverted)
    numbers = [
        sheet.picture(source),
        sheet.mixture(2 * source),
        sheet.mask(mask),
        *[sheet.picture(source)] * 7,
    ]
    header, tiles = read(sheet.frame({"numbers": numbers}))
    shown = 1 - source if inverted else source
    wanted = (255 * shown).round().byte().permute(1, 2, 0).expand(16, 16, 3).numpy()
    np.testing.assert_array_equal(tiles[header["numbers"][0]], wanted)
    np.testing.assert_array_equal(tiles[header["numbers"][1]], wanted)
    np.testing.assert_array_equal(
        tiles[header["numbers"][2]][..., 0], (255 * mask.mean(0)).round().byte().numpy()
    )
    assert len(tiles) == 8


def test_an_answer_shows_every_step_of_the_circle(pictures: PictureShelf) -> None:
    answer = solve.unmix(from_example(pictures.sets["shoes-bags"], 0), "unmix")
    value = answer_frame(answer)
    header, tiles = read(value)
    assert header["names"] == ["shoes", "bags"]
    assert header["partner"] == "example sneaker + satchel"
    assert [step["name"] for step in header["circle"]] == [
        "mixtures",
        "unmixed",
        "remixed",
        "unmixed again",
        "back",
    ]
    first, unmixed, remixed, *_ = header["circle"]
    np.testing.assert_array_equal(tiles[first["mixtures"][0]], tiles[header["mixture"]])
    np.testing.assert_array_equal(tiles[unmixed["sources"][0][1]], tiles[header["sources"][1]])
    (x1, _), (_, b2) = unmixed["sources"]  # on white, an average of two is the mean of their pixels
    mean = (tiles[x1].astype(int) + tiles[b2]) / 2
    np.testing.assert_allclose(tiles[remixed["mixtures"][0]], mean, atol=1.1)
    assert header["cycle"] == pytest.approx(
        float((answer.circle[-1].mixtures - answer.circle[0].mixtures).abs().mean())
    )
    assert len(value) < 300_000  # random masks compress worst; a trained network's answer has a third of it


def test_an_unknown_mixture_has_neither_truths_nor_scores(pictures: PictureShelf) -> None:
    digits = pictures.sets["mnist"]
    assert digits.gallery is not None
    answer = solve.unmix(from_file(digits, digits.gallery.file(0)), "unmix")
    header, _ = read(answer_frame(answer))
    assert (header["truths"], header["scores"]) == ([], [])
    *_, low = solve.compare(answer, "rpca", lambda: False)
    value = comparison_frame(answer, [low])
    header, _ = read(value)
    assert [row["key"] for row in header["rows"]] == ["unmix", "rpca"]
    assert [row["scores"] for row in header["rows"]] == [[], []]
    assert len(value) < 50_000


def test_a_curve_keeps_its_ends() -> None:
    curve = [float(value) for value in range(1000)]
    few = thinned(curve)
    assert (few[0], few[-1], len(few)) == (0.0, 999.0, POINTS)
    assert few == sorted(few)
    assert thinned(curve[:5]) == curve[:5]
