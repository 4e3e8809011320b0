"""Values of the two boards say what was found, and stay small."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bssdemo.separation.pictures.mixtures import PictureMixture, from_example, from_file
from bssdemo.separation.pictures.request import PictureRequest, prepare
from bssdemo.separation.pictures.result import training_cycle
from bssdemo.separation.pictures.run import PictureRun, separate
from bssdemo.separation.pictures.sets import PictureSet, PictureSets
from bssdemo.ui.pictures.boards import POINTS, comparison, thinned, unmixed
from bssdemo.ui.pictures.tiles import Tiles
from tests.ui.pictures.board_value import read


@pytest.mark.parametrize(("channels", "inverted"), [(1, False), (1, True), (3, False), (3, True)])
def test_tiles_come_back_exactly(channels: int, inverted: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    source, mask = (torch.rand(channels, 16, 16, generator=generator) for _ in range(2))
    tiles = Tiles(PictureMixture(PictureSet("x", "x", {}), "x", source, inverted))
    numbers = [tiles.source(source), tiles.sum(2 * source), tiles.mask(mask), *[tiles.source(source)] * 7]
    header, pictures = read(tiles.encoded({"numbers": numbers}))
    shown = 1 - source if inverted else source
    wanted = (255 * shown).round().byte().permute(1, 2, 0).expand(16, 16, 3).numpy()
    np.testing.assert_array_equal(pictures[header["numbers"][0]], wanted)
    np.testing.assert_array_equal(pictures[header["numbers"][1]], wanted)
    np.testing.assert_array_equal(
        pictures[header["numbers"][2]][..., 0], (255 * mask.mean(0)).round().byte().numpy()
    )
    assert len(pictures) == 8


def test_tiles_beyond_a_row_stand_in_the_next_one() -> None:
    sources = torch.rand(19, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    tiles = Tiles(PictureMixture(PictureSet("x", "x", {}), "x", sources[0], False))
    assert [tiles.source(source) for source in sources] == list(range(19))
    _, pictures = read(tiles.encoded({}))
    assert len(pictures) == 24
    np.testing.assert_array_equal(pictures[18][..., 0], (255 * sources[18, 0]).round().byte().numpy())


def test_an_answer_shows_every_step_of_the_cycle(sets: PictureSets) -> None:
    answer = separate(prepare(from_example(sets.sets["shoes-bags"], 0), PictureRequest()))
    cycle = training_cycle(answer)
    value = unmixed(answer, cycle)
    header, tiles = read(value)
    assert header["names"] == ["shoes", "bags"]
    assert header["partner"] == "example sneaker + satchel"
    names = ["mixtures", "unmixed", "remixed", "unmixed again", "back"]
    assert [step["name"] for step in header["cycle"]] == names
    first, parts, remixed, *_ = header["cycle"]
    np.testing.assert_array_equal(tiles[first["mixtures"][0]], tiles[header["mixture"]])
    np.testing.assert_allclose(
        tiles[parts["sources"][0][1]].astype(int), tiles[header["sources"][1]], atol=1
    )  # a batch of two rounds differently from one
    (x1, _), (_, b2) = parts["sources"]  # on white, an average of two is the mean of their pixels
    mean = (tiles[x1].astype(int) + tiles[b2]) / 2
    np.testing.assert_allclose(tiles[remixed["mixtures"][0]], mean, atol=1.1)
    difference = float((cycle[-1].mixtures - cycle[0].mixtures).abs().mean())
    assert header["difference"] == pytest.approx(difference)
    assert len(value) < 300_000  # random masks compress worst; a trained network's answer has a third of it


def test_an_unknown_mixture_has_neither_truths_nor_scores(sets: PictureSets) -> None:
    digits = sets.sets["mnist"]
    assert digits.examples is not None
    answer = separate(prepare(from_file(digits, digits.examples.file(0)), PictureRequest()))
    header, _ = read(unmixed(answer, training_cycle(answer)))
    assert (header["truths"], header["scores"]) == ([], [])
    run = PictureRun(prepare(answer.mixture, PictureRequest("rpca")), beside=answer)
    while_working, *_, low = (run.result() for _ in run)
    assert read(comparison([answer, while_working]))[0]["rows"][1]["status"] == "searching"
    value = comparison([answer, low])
    header, _ = read(value)
    assert [row["key"] for row in header["rows"]] == ["unmix", "rpca"]
    assert [row["scores"] for row in header["rows"]] == [[], []]
    assert len(value) < 50_000


def test_a_set_without_examples_shows_no_cycle(sets: PictureSets) -> None:
    digits = sets.sets["mnist"]
    assert digits.examples is not None
    bare = PictureSet(digits.name, digits.title, digits.networks)
    answer = separate(prepare(from_file(bare, digits.examples.file(0)), PictureRequest()))
    header, _ = read(unmixed(answer, training_cycle(answer)))
    assert (header["cycle"], header["difference"], header["partner"]) == ([], None, "")


def test_a_curve_keeps_its_ends() -> None:
    curve = [float(value) for value in range(1000)]
    few = thinned(curve)
    assert (few[0], few[-1], len(few)) == (0.0, 999.0, POINTS)
    assert few == sorted(few)
    assert thinned(curve[:5]) == curve[:5]
