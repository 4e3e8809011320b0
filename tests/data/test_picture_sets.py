"""Mixtures of pictures: splits that share nothing, every picture once before any comes twice, plain sums."""

from pathlib import Path

import numpy as np
import pytest
import torch

from bssdemo.data.clips import DataError
from bssdemo.data.pictures import draw_mixtures, load_kinds, to_float


def rows(pictures: np.ndarray) -> set[bytes]:
    return {picture.tobytes() for picture in pictures}


def test_splits_share_no_picture_and_lose_none(pictures: Path) -> None:
    train, valid, test = (load_kinds(pictures, "shoes-bags", split) for split in ("train", "valid", "test"))
    for kind, total in enumerate((20, 10)):
        assert not rows(train[kind]) & (rows(valid[kind]) | rows(test[kind]))
        assert len(train[kind]) + len(valid[kind]) == total
        assert len(valid[kind]) == 1


def test_digits_are_divided_by_their_label_and_padded_to_32(pictures: Path) -> None:
    low, high = load_kinds(pictures, "mnist", "test")
    assert low.shape == high.shape == (12, 1, 32, 32)
    assert not low[:, :, :2].any()
    assert not low[..., -2:].any()
    with np.load(pictures / "mnist.npz") as arrays:
        np.testing.assert_array_equal(low[:, 0, 2:-2, 2:-2], arrays["test"][::2])
        np.testing.assert_array_equal(high[:, 0, 2:-2, 2:-2], arrays["test"][1::2])


def test_colour_pictures_are_inverted(pictures: Path) -> None:
    _, bags = load_kinds(pictures, "shoes-bags", "test")
    with np.load(pictures / "shoes_bags.npz") as arrays:
        np.testing.assert_array_equal(255 - bags.transpose(0, 2, 3, 1), arrays["bags_test"])


def test_no_picture_comes_twice_before_all_have_come_once(pictures: Path) -> None:
    drawn = draw_mixtures(pictures, "shoes-bags", "train", 19 * 3, seed=1)
    whole = rows(load_kinds(pictures, "shoes-bags", "train")[0])
    for start in range(0, 57, 19):
        assert rows(drawn.pictures[start : start + 19, 0]) == whole


def test_a_mixture_is_the_sum_of_its_sources(pictures: Path) -> None:
    drawn = draw_mixtures(pictures, "shoes-bags", "test", 12, seed=0)
    mixture = to_float(drawn.sums())
    torch.testing.assert_close(drawn.sources().sum(1), mixture)
    assert mixture.max() > 1.5
    assert 0 <= drawn.sources().min() <= drawn.sources().max() <= 1


def test_the_seed_decides(pictures: Path) -> None:
    one, again, other = (draw_mixtures(pictures, "mnist", "test", 12, seed).sums() for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_missing_and_broken_files_are_named(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="available: mnist, fashion, shoes-bags"):
        draw_mixtures(pictures, "cats", "test", 1, 0)
    with pytest.raises(DataError, match=r"no fashion_shoes_bags\.npz in"):
        draw_mixtures(pictures, "fashion", "test", 1, 0)
    (tmp_path / "mnist.npz").write_bytes(b"PK not an archive")
    np.savez(tmp_path / "shoes_bags.npz", shoes_train=np.zeros((2, 64, 64, 3), np.uint8))
    for name in ("mnist", "shoes-bags"):
        with pytest.raises(DataError, match="does not hold the train arrays"):
            draw_mixtures(tmp_path, name, "train", 1, 0)


def test_the_test_arrays_are_enough_for_the_test_split(pictures: Path, tmp_path: Path) -> None:
    with np.load(pictures / "mnist.npz") as arrays:
        np.savez(tmp_path / "mnist.npz", test=arrays["test"], test_label=arrays["test_label"])
    assert len(draw_mixtures(tmp_path, "mnist", "test", 5, 0)) == 5
