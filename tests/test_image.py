"""Pictures of every kind that people upload: read right, or refused in plain words."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bssdemo import image
from bssdemo.image import ImageError


def picture(height: int = 40, width: int = 30, seed: int = 0) -> Image.Image:
    """Smooth random colours."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def test_write_and_read_are_inverse(tmp_path: Path) -> None:
    for channels in (1, 3):
        values = torch.randint(0, 256, (channels, 12, 9), generator=torch.Generator().manual_seed(0)) / 255
        image.write(tmp_path / "a.png", values)
        torch.testing.assert_close(image.read(tmp_path / "a.png", channels), values, atol=2e-3, rtol=0)
    image.write(tmp_path / "b.png", values, enlarge=3)
    big = image.read(tmp_path / "b.png", 3)
    torch.testing.assert_close(big[:, ::3, ::3], big[:, 2::3, 2::3])
    assert big.shape == (3, 36, 27)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(tmp_path: Path, orientation: int) -> None:
    """All eight orientations of one scene, stored as a camera would."""
    undo = {
        2: 0,
        3: 3,
        4: 1,
        5: 5,
        6: 4,
        7: 6,
        8: 2,
    }  # Pillow's transposes that bring the stored picture upright
    inverse = {0: 0, 1: 1, 2: 4, 3: 3, 4: 2, 5: 5, 6: 6}
    scene = picture()
    stored = scene.transpose(Image.Transpose(inverse[undo[orientation]])) if orientation > 1 else scene
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "camera.png", exif=exif)
    scene.save(tmp_path / "scene.png")
    torch.testing.assert_close(image.read(tmp_path / "camera.png", 3), image.read(tmp_path / "scene.png", 3))


def test_transparency_becomes_a_background_that_shows_what_is_visible(tmp_path: Path) -> None:
    shape = np.zeros((16, 16), dtype=bool)
    shape[4:8, 4:12] = True
    for ink, background in ((255, 0.0), (0, 1.0)):
        rgba = np.full((16, 16, 4), 127, dtype=np.uint8)
        rgba[shape, :3], rgba[..., 3] = ink, np.where(shape, 255, 0)
        Image.fromarray(rgba).save(tmp_path / "a.png")
        read = image.read(tmp_path / "a.png", 1)[0]
        assert torch.allclose(read[torch.from_numpy(shape)], torch.tensor(ink / 255))
        assert torch.allclose(read[torch.from_numpy(~shape)], torch.tensor(background))
        Image.fromarray(rgba).quantize(8).save(tmp_path / "p.png")
        assert image.read(tmp_path / "p.png", 3).shape == (3, 16, 16)
    Image.fromarray(np.zeros((16, 16, 4), np.uint8)).save(tmp_path / "nothing.png")
    assert torch.isfinite(image.read(tmp_path / "nothing.png", 1)).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_mode_reads_as_the_same_grey_ramp(tmp_path: Path, mode: str) -> None:
    ramp = np.tile(np.arange(16, dtype=np.uint8) * 17, (16, 1))
    if mode in ("I;16", "I"):
        Image.fromarray(ramp.astype(np.uint16 if mode == "I;16" else np.int32) * 257).save(
            tmp_path / "a.tiff"
        )
    elif mode == "F":
        Image.fromarray(ramp.astype(np.float32) / 255).save(tmp_path / "a.tiff")
    else:
        grey = Image.fromarray(ramp)
        (grey if mode == "P" else grey.convert("RGB")).convert(mode).save(tmp_path / "a.tiff")
    read = image.read(tmp_path / "a.tiff", 1)[0]
    if mode == "1":  # dithered
        assert set(read.unique().tolist()) == {0.0, 1.0}
    else:
        torch.testing.assert_close(read, torch.from_numpy(ramp / 255).float(), atol=0.01, rtol=0)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "tiff"])
def test_the_usual_formats_whatever_the_file_is_called(tmp_path: Path, suffix: str) -> None:
    picture().save(tmp_path / f"a.{suffix}")
    (tmp_path / f"a.{suffix}").rename(tmp_path / "upload.dat")
    reference = torch.from_numpy(np.asarray(picture()) / 255).float().permute(2, 0, 1)
    assert (image.read(tmp_path / "upload.dat", 3) - reference).abs().mean() < 0.06


def save(path: Path, content: Image.Image | bytes, **options: object) -> Path:
    path.write_bytes(content) if isinstance(content, bytes) else content.save(path, **options)
    return path


def bomb() -> bytes:
    """A PNG that says it is 40,000 x 40,000."""
    buffer = io.BytesIO()
    Image.new("1", (40_000, 1)).save(buffer, "PNG")
    raw = bytearray(buffer.getvalue())
    raw[20:24] = (40_000).to_bytes(4, "big")
    import zlib

    raw[29:33] = zlib.crc32(raw[12:29]).to_bytes(4, "big")
    return bytes(raw)


def test_useless_files_are_refused_in_plain_words(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture(300, 300).save(buffer, "PNG")
    cases = {
        "no picture that can be read": b"These are words.\n" * 99,
        "is an empty file": b"",
        "damaged or cut short": buffer.getvalue()[: len(buffer.getvalue()) // 2],
        "million pixels; make it smaller": bomb(),
        "at least 8 a side": picture(7, 30),
        "too narrow": picture(10, 300),
    }
    for reason, content in cases.items():
        with pytest.raises(ImageError, match=reason) as error:
            image.read(save(tmp_path / "upload.png", content), 3)
        assert "upload.png" in str(error.value)
    with pytest.raises(ImageError, match="not there"):
        image.read(tmp_path / "none.png", 1)
    with pytest.raises(ImageError, match="not there"):
        image.read(tmp_path, 1)


def test_files_that_are_too_large_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "MOST_BYTES", 2_000_000)
    with pytest.raises(ImageError, match="larger than 2 MB"):
        image.read(save(tmp_path / "a.png", b"x" * 2_000_001), 3)


def test_large_pictures_arrive_smaller(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        read = image.read(save(tmp_path / name, picture(1600, 800)), 3)
        assert max(read.shape) == 1024
        assert read.shape[1] == pytest.approx(2 * read.shape[2], abs=2)


def test_fit_gives_a_dark_background_and_keeps_the_shape(tmp_path: Path) -> None:
    """A white square on black and its negative, wide and tall, end as the same picture."""
    dark = torch.zeros(1, 90, 120)
    dark[:, 30:60, 45:75] = 1
    fitted = image.fit(dark, 32)
    assert fitted.values.shape == (1, 32, 32)
    assert not fitted.inverted
    negative = image.fit(1 - dark, 32)
    assert negative.inverted
    torch.testing.assert_close(negative.values, fitted.values)
    torch.testing.assert_close(image.fit(dark.transpose(1, 2), 32).values, fitted.values.transpose(1, 2))
    assert fitted.values.sum().item() == pytest.approx(8 * 8, rel=0.02)  # 30 of 120 is 8 of 32
    assert fitted.values[0, 12:20, 12:20].mean() > 0.9


def test_a_28_pixel_digit_is_padded_not_enlarged() -> None:
    digit = torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0)) * 0.4
    fitted = image.fit(digit, 32).values
    torch.testing.assert_close(fitted[:, 2:-2, 2:-2], digit)
    torch.testing.assert_close(fitted.sum(), digit.sum())
    torch.testing.assert_close(image.fit(fitted, 32).values, fitted)
