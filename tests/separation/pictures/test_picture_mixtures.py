"""What visitors bring becomes a mixture, or is refused in words."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bssdemo import image
from bssdemo.separation.pictures import mixtures
from bssdemo.separation.pictures.sets import PictureSets


def bomb(side: int) -> bytes:
    """A PNG of `side` x `side` black pixels in a few hundred kB or less: only its header is ever looked at."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    packed = io.BytesIO()
    picture.save(packed, format=kind, **options)
    return packed.getvalue()


SCENE = np.zeros((40, 40), np.uint8)
SCENE[8:20, 10:14] = 200  # lies on one side, so that turning shows
SCENE[16:20, 10:30] = 100


def reference(sets: PictureSets, tmp_path: Path) -> torch.Tensor:
    (tmp_path / "plain.png").write_bytes(saved(Image.fromarray(SCENE)))
    return mixtures.from_file(sets.sets["mnist"], tmp_path / "plain.png").values


def rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    return saved(Image.fromarray(SCENE).transpose(Image.Transpose.ROTATE_90), exif=exif)


def transparent() -> bytes:
    clear = np.full((40, 40, 4), 255, np.uint8)
    clear[..., 3] = SCENE
    return saved(Image.fromarray(clear))


def animated() -> bytes:
    other = Image.fromarray(255 - SCENE)
    return saved(Image.fromarray(SCENE), "GIF", save_all=True, append_images=[other], duration=100)


def deep() -> bytes:
    return saved(Image.fromarray(SCENE.astype(np.uint16) * 257))


@pytest.mark.parametrize("make", [rotated, transparent, animated, deep])
def test_unusual_files_hold_the_same_scene(
    sets: PictureSets, tmp_path: Path, make: Callable[[], bytes]
) -> None:
    (tmp_path / "odd.png").write_bytes(make())
    brought = mixtures.from_file(sets.sets["mnist"], tmp_path / "odd.png")
    torch.testing.assert_close(brought.values, reference(sets, tmp_path), atol=0.02, rtol=0)


@pytest.mark.parametrize("size", [(9, 50), (31, 33), (1500, 1400)])
def test_odd_sizes_fit(sets: PictureSets, tmp_path: Path, size: tuple[int, int]) -> None:
    picture = Image.effect_noise(size, 80)
    (tmp_path / "odd.png").write_bytes(saved(picture))
    for name, shape in (("mnist", (1, 32, 32)), ("shoes-bags", (3, 64, 64))):
        brought = mixtures.from_file(sets.sets[name], tmp_path / "odd.png")
        assert brought.values.shape == shape
        assert 0 <= brought.values.min() <= brought.values.max() <= 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"these are words", "is no picture"),
        (b"", "is an empty file"),
        (saved(Image.new("L", (1, 1))), "at least 8 a side"),
        (saved(Image.new("L", (400, 10))), "too narrow"),
        (bomb(30_000), "more than 60 million pixels"),
        (saved(Image.fromarray(SCENE))[:60], "damaged or cut short"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no picture"),
    ],
)
def test_files_that_are_no_use_are_refused_in_words(
    sets: PictureSets, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "renamed.png").write_bytes(content)
    for bring in (
        lambda: mixtures.from_file(sets.sets["mnist"], tmp_path / "renamed.png"),
        lambda: mixtures.from_two(sets.sets["mnist"], [tmp_path / "renamed.png"] * 2),
    ):
        with pytest.raises(ValueError, match=words) as refusal:
            bring()
        assert "renamed.png" in str(refusal.value)
        assert str(tmp_path) not in str(refusal.value)


def test_nothing_brought_is_told_apart(sets: PictureSets) -> None:
    digits = sets.sets["mnist"]
    for bring, words in (
        (lambda: mixtures.from_file(digits, None), "Choose a picture"),
        (lambda: mixtures.from_two(digits, [None, None]), "Choose two"),
        (lambda: mixtures.from_drawings(digits, [None, None]), "Nothing is drawn"),
        (lambda: mixtures.from_file(digits, "a.png", "magic"), "no way of mixing"),
        (lambda: mixtures.from_example(digits, 99), "no example 100"),
        (lambda: sets.pick("cats"), "Available: mnist, shoes-bags"),
        (lambda: sets.pick(None), "Available: mnist, shoes-bags"),
        (lambda: PictureSets().pick("mnist"), "no trained network"),
    ):
        with pytest.raises(ValueError, match=words):
            bring()


def test_an_average_and_a_sum_are_told_apart(sets: PictureSets, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(saved(Image.fromarray(SCENE)))
    average, total = (
        mixtures.from_file(sets.sets["mnist"], tmp_path / "a.png", blend).values
        for blend in ("average", "sum")
    )
    torch.testing.assert_close(average, 2 * total)


def test_two_pictures_are_added_whatever_their_background(sets: PictureSets, tmp_path: Path) -> None:
    image.write(tmp_path / "dark.png", torch.from_numpy(SCENE[None] / 255.0).float())
    image.write(tmp_path / "bright.png", 1 - torch.from_numpy(SCENE[None] / 255.0).float())
    digits = sets.sets["mnist"]
    mixed = mixtures.from_two(digits, [tmp_path / "dark.png", tmp_path / "bright.png"])
    assert mixed.truths is not None
    torch.testing.assert_close(mixed.truths[0], mixed.truths[1])
    torch.testing.assert_close(mixed.values, mixed.truths.sum(0))
    assert not mixed.inverted
    assert mixtures.from_two(digits, [tmp_path / "bright.png"] * 2).inverted


def test_an_example_is_what_its_file_says(sets: PictureSets) -> None:
    """The same mixture, but for the rounding of an average to eight bits."""
    for chosen in sets.sets.values():
        examples = chosen.examples
        assert examples is not None
        for number in range(len(examples)):
            brought = mixtures.from_file(chosen, examples.file(number))
            example = mixtures.from_example(chosen, number)
            assert example.inverted == brought.inverted
            assert example.partner != number
            torch.testing.assert_close(brought.values, example.values, atol=2.5 / 255, rtol=0)


def test_drawings_are_mixed_like_pictures(sets: PictureSets) -> None:
    page = np.full((60, 60, 4), 255, np.uint8)
    page[10:50, 20:30, :3] = 0
    other = page.transpose(1, 0, 2).copy()
    drawn = mixtures.from_drawings(sets.sets["mnist"], [page, other])
    assert drawn.truths is not None
    torch.testing.assert_close(drawn.truths[0], drawn.truths[1].transpose(1, 2))
    torch.testing.assert_close(drawn.values, drawn.truths.sum(0))
