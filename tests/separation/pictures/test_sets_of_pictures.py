"""The sets that can be unmixed: whichever networks there are, and plain words about the others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from bssdemo.checkpoints import hub
from bssdemo.separation.pictures.examples import find
from bssdemo.separation.pictures.sets import PictureSets, everything, set_of


def test_sets_by_their_networks(sets: PictureSets) -> None:
    assert list(sets.sets) == ["mnist", "shoes-bags"]
    assert list(sets.sets["mnist"].networks) == ["unmix", "supervised"]
    assert list(sets.sets["shoes-bags"].networks) == ["unmix"]
    assert sets.problems == ("Fashion, grey: no trained network is here yet.",)


def test_missing_and_damaged_networks_are_named(
    tiny_masks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BUNDLED", tmp_path / "none")
    shutil.copytree(tiny_masks / "mask-mnist-supervised", tmp_path / "some/mask-mnist-supervised")
    shutil.copytree(tiny_masks / "mask-shoes-bags", tmp_path / "some/mask-shoes-bags")
    (tmp_path / "some/mask-shoes-bags/model.safetensors").write_bytes(b"damaged")
    loaded = everything(tmp_path / "some")
    assert list(loaded.sets) == ["mnist"]
    assert list(loaded.sets["mnist"].networks) == ["supervised"]
    assert "damaged" in loaded.problems[0]
    assert "only the network trained with true sources" in loaded.problems[1]
    assert loaded.problems[2:] == (
        "Fashion, grey: no trained network is here yet.",
        "Shoes and bags: no trained network is here yet.",
    )
    (tmp_path / "empty").mkdir()
    assert len(everything(tmp_path / "empty").problems) == 3


def test_a_set_without_examples_works(tmp_path: Path) -> None:
    assert find("cats", 1, 32) is None
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats/pictures.json").write_text(
        '{"kinds": ["a", "b"], "titles": [["x", "y"]], "attribution": ""}'
    )
    assert find("cats", 1, 32, tmp_path) is None  # its pictures are not there


def test_mixtures_of_a_gallery_are_different_pairs_with_the_examples_first(sets: PictureSets) -> None:
    examples = sets.sets["mnist"].examples
    assert examples is not None
    mixtures = examples.mixtures(1000)
    assert len(mixtures) == len(examples) ** 2
    assert len(torch.unique(mixtures.flatten(1), dim=0)) == len(mixtures)
    torch.testing.assert_close(mixtures[: len(examples)], examples.sources.sum(1))
    assert len(examples.mixtures(5)) == 5


def test_one_network_alone_is_a_set(tiny_masks: Path) -> None:
    for name, method in (("mask-mnist", "unmix"), ("mask-mnist-supervised", "supervised")):
        chosen, serves = set_of(name, tiny_masks)
        assert (chosen.name, serves, list(chosen.networks)) == ("mnist", method, [method])
        assert chosen.network(method).name == name
    with pytest.raises(hub.CheckpointError, match="mask-cats"):
        set_of("mask-cats", tiny_masks)


def test_provenance_names_every_network_and_thanks_once(sets: PictureSets) -> None:
    lines = sets.provenance()
    assert [line.split(" (")[0] for line in lines[:3]] == [
        "Digits: mask-mnist",
        "Digits: mask-mnist-supervised",
        "Shoes and bags: mask-shoes-bags",
    ]
    assert all(line.startswith("Examples, ") for line in lines[3:])
    assert len(lines) == 5
