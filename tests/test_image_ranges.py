"""Pictures whose values use a part of their bits, and animations that begin blank."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bssdemo import image
from bssdemo.image import ImageError

RAMP = np.tile(np.linspace(0, 1, 16), (16, 1))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize(
    ("suffix", "kind"), [("tiff", np.uint16), ("png", np.uint16), ("tiff", np.int32), ("tiff", np.float32)]
)
def test_few_bits_in_many_are_as_bright_as_they_were(
    tmp_path: Path, bits: int, suffix: str, kind: type[np.generic]
) -> None:
    values = (RAMP * (2**bits - 1)).round().astype(kind)
    Image.fromarray(values).save(tmp_path / f"a.{suffix}")
    read = image.read(tmp_path / f"a.{suffix}", 1)[0]
    torch.testing.assert_close(read, torch.from_numpy(RAMP).float(), atol=0.01, rtol=0)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 1.0), (0.0, 0.01), (-500.0, 30.0), (0.0, 1e6)])
def test_floats_of_any_range_become_a_picture(tmp_path: Path, low: float, high: float) -> None:
    values = (low + RAMP * (high - low)).astype(np.float32)
    values[0, 0], values[0, 1] = np.nan, np.inf
    Image.fromarray(values).save(tmp_path / "a.tiff")
    read = image.read(tmp_path / "a.tiff", 3)
    assert torch.isfinite(read).all()
    torch.testing.assert_close(read[0, 1:], torch.from_numpy(RAMP).float()[1:], atol=0.01, rtol=0)


def frames(mode: str) -> list[Image.Image]:
    """Two blank frames, then a square."""
    blank, full = Image.new("RGB", (32, 32), "white"), Image.new("RGB", (32, 32), "white")
    full.paste("black", (8, 8, 24, 24))
    if mode == "transparent":
        return [Image.new("RGBA", (32, 32)), Image.new("RGBA", (32, 32)), full.convert("RGBA")]
    return [blank, Image.new("RGB", (32, 32), "blue") if mode == "blue" else blank.copy(), full]


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tiff"])
@pytest.mark.parametrize("mode", ["white", "blue", "transparent"])
def test_of_an_animation_the_first_frame_that_holds_something_is_read(
    tmp_path: Path, suffix: str, mode: str
) -> None:
    first, *others = frames(mode)
    options = {} if suffix == "tiff" else {"duration": [100, 120, 140]}
    if suffix == "webp":
        options["lossless"] = True
    first.save(tmp_path / f"a.{suffix}", save_all=True, append_images=others, **options)
    read = image.read(tmp_path / f"a.{suffix}", 1)[0]
    assert read[16, 16] < 0.1
    assert read[2, 2] > 0.9


def test_a_picture_that_is_blank_throughout_is_read_as_it_is(tmp_path: Path) -> None:
    Image.new("L", (32, 32), 255).save(tmp_path / "a.gif")
    assert image.read(tmp_path / "a.gif", 1).min() > 0.99


def test_a_picture_too_large_is_refused_by_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "MOST_PIXELS", 10_000)
    Image.new("L", (200, 200)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("its pixels were made"))
    with pytest.raises(ImageError, match="million pixels"):
        image.refuse_large(tmp_path / "a.png")
    with pytest.raises(ImageError, match="million pixels"):
        image.read(tmp_path / "a.png", 1)


@pytest.mark.parametrize("mode", ["P", "L", "RGBA", "I;16", "1", "CMYK"])
def test_strips_and_squares_give_the_picture_that_was_there(tmp_path: Path, mode: str) -> None:
    """3,000 pixels a side are read in strips; a square stays where it is."""
    values = np.zeros((3_000, 2_200), np.uint8)
    values[600:1_200, 400:800] = 255
    picture = Image.fromarray(values.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(values)
    picture = picture if mode in ("L", "I;16") else picture.convert("RGB").convert(mode)
    picture.save(tmp_path / "a.tiff")
    read = image.read(tmp_path / "a.tiff", 1)[0]
    assert max(read.shape) == 1_024
    times = 1_024 / 3_000
    inside = read[round(620 * times) : round(1_180 * times), round(420 * times) : round(780 * times)]
    assert inside.min() > 0.9
    assert read.sum() == pytest.approx(600 * 400 * times**2, rel=0.03)


def test_few_bits_of_a_colour_in_16_are_refused_in_plain_words(tmp_path: Path) -> None:
    """Pillow keeps the upper 8 of 16 bits: of 10 bits in 16 it leaves next to nothing."""
    import struct
    import zlib

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    values = np.repeat((RAMP * 4095).astype(">u2")[..., None], 3, 2)
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    png = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    png.seek(0, 2)
    png.write(chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 0)))
    png.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    (tmp_path / "a.png").write_bytes(png.getvalue())
    with pytest.raises(ImageError, match="8 bits a colour"):
        image.read(tmp_path / "a.png", 3)


@pytest.mark.parametrize("by", ["file", "bytes"])
def test_a_drawing_that_is_too_large_is_refused_before_its_pixels_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    import gradio as gr
    from gradio.data_classes import FileData

    from bssdemo.ui.pictures.layout import _sketchpad

    monkeypatch.setattr(image, "MOST_PIXELS", 10_000)
    Image.new("L", (200, 200)).save(tmp_path / "a.png")
    sent = FileData(path=str(tmp_path / "a.png")) if by == "file" else (tmp_path / "a.png").read_bytes()
    with gr.Blocks():
        pad = _sketchpad("First", 1)
    with pytest.raises(gr.Error, match="million pixels"):
        pad.convert_and_format_image(sent)


def test_a_large_drawing_is_the_same_drawing() -> None:
    from bssdemo.separation.pictures.drawing import DIGIT_BOX, ink, placed

    small = np.zeros((100, 100, 4), np.uint8)
    small[20:80, 40:60] = (0, 0, 0, 255)
    large = small.repeat(30, 0).repeat(30, 1)
    one, two = (placed(ink(paper, 1), 32, DIGIT_BOX) for paper in (small, large))
    torch.testing.assert_close(one, two, atol=0.15, rtol=0)
