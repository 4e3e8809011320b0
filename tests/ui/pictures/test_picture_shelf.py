"""The tab's shelf: whichever networks there are, and plain words about the others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from bssdemo import hub
from bssdemo.ui.page import page
from bssdemo.ui.pictures.gallery import find
from bssdemo.ui.pictures.shelf import PictureShelf, stock
from bssdemo.ui.session import Sessions
from bssdemo.ui.shelf import Shelf


def test_sets_by_their_networks(pictures: PictureShelf) -> None:
    assert list(pictures.sets) == ["mnist", "shoes-bags"]
    assert pictures.sets["mnist"].twin is not None
    assert pictures.sets["shoes-bags"].twin is None
    assert pictures.problems == ("Fashion, grey: no trained network is here yet.",)


def test_missing_and_damaged_networks_are_named(
    tiny_masks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BUNDLED", tmp_path / "none")
    shutil.copytree(tiny_masks / "mask-mnist-supervised", tmp_path / "some/mask-mnist-supervised")
    shutil.copytree(tiny_masks / "mask-shoes-bags", tmp_path / "some/mask-shoes-bags")
    (tmp_path / "some/mask-shoes-bags/model.safetensors").write_bytes(b"damaged")
    shelf = stock(tmp_path / "some")
    assert list(shelf.sets) == ["mnist"]
    assert shelf.sets["mnist"].blind is None
    assert "damaged" in shelf.problems[0]
    assert "only the network trained with true sources" in shelf.problems[1]
    assert shelf.problems[2:] == (
        "Fashion, grey: no trained network is here yet.",
        "Shoes and bags: no trained network is here yet.",
    )
    (tmp_path / "empty").mkdir()
    assert len(stock(tmp_path / "empty").problems) == 3


def test_a_set_without_examples_works(tmp_path: Path) -> None:
    assert find("cats", 1, 32) is None
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats/pictures.json").write_text(
        '{"kinds": ["a", "b"], "titles": [["x", "y"]], "attribution": ""}'
    )
    assert find("cats", 1, 32, tmp_path) is None  # its pictures are not there


def test_mixtures_of_a_gallery_are_different_pairs_with_the_examples_first(pictures: PictureShelf) -> None:
    gallery = pictures.sets["mnist"].gallery
    assert gallery is not None
    mixtures = gallery.mixtures(1000)
    assert len(mixtures) == len(gallery) ** 2
    assert len(torch.unique(mixtures.flatten(1), dim=0)) == len(mixtures)
    torch.testing.assert_close(mixtures[: len(gallery)], gallery.pictures.sum(1))
    assert len(gallery.mixtures(5)) == 5


def test_the_page_stands_without_any_network() -> None:
    """It says what is missing, and a press is answered by `case.pick`'s refusal."""
    missing = PictureShelf({}, ("Digits: no trained network is here yet.",))
    blocks = page(Shelf({}, ()), missing, Sessions())
    said = [
        block.value for block in blocks.blocks.values() if getattr(block, "elem_id", "") == "pictures-message"
    ]
    assert len(said) == 1
    assert "Digits: no trained network is here yet." in said[0]
