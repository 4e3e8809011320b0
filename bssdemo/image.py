"""Picture files in, tensors out, and back (Pillow).

Everything a person may upload arrives here, so every failure is an ImageError in plain words, and no file,
whatever it claims to be, is decoded beyond MOST_PIXELS. Pictures are float32 (channels, h, w) in [0, 1].
"""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

MOST_BYTES = 50_000_000  # of a file
MOST_PIXELS = 60_000_000  # 180 MB of RGB
LEAST_SIDE = 8
MOST_STRETCH = 8  # longer side over the shorter one
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
PAD_FROM = 0.75  # a picture of at least this share of the wanted size is padded, a smaller one enlarged
WORKING_SIDE = 1024  # larger pictures are made smaller first: they end at 32 or 64 pixels anyway


class ImageError(ValueError):
    """A picture cannot be used; the message says why and what would work."""


@dataclass(frozen=True)
class Fitted:
    """A picture at the size a network wants, with a dark background."""

    values: Float[Tensor, "channels size size"]
    inverted: bool  # the file's background was bright


def read(path: Path | str, channels: int) -> Float[Tensor, "channels h w"]:
    """The first picture in a file: upright, without transparency, grey (1 channel) or colour (3), at most 1024 a side.

    Transparent parts become black when what is visible is bright, else white.
    Raises ImageError for everything that is not a picture of usable size.
    """
    path = Path(path)
    if not path.is_file():
        raise ImageError(f"{path} is not there or is not a file")
    try:
        size = path.stat().st_size
        if size == 0:
            raise ImageError(f"{path.name} is an empty file")
        if size > MOST_BYTES:
            raise ImageError(f"{path.name} is larger than {MOST_BYTES // 10**6} MB; make it smaller first")
        content = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path.name} cannot be read: {error.strerror or error}") from error
    return _tensor(_decode(content, path.name), channels)


def _decode(content: bytes, name: str) -> Image.Image:
    """The upright picture as Pillow has it, checked before its pixels are decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the bound below is lower
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
        _check_size(*picture.size, name)
        picture.draft("RGB", (WORKING_SIDE, WORKING_SIDE))  # a JPEG is decoded at a fraction of its size
        upright = ImageOps.exif_transpose(picture)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        if isinstance(error, Image.DecompressionBombError):
            raise ImageError(_too_large(name)) from error
        raise ImageError(f"{name} is no picture that can be read; PNG, JPEG and WebP work") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, ImageError):
            raise
        raise ImageError(f"{name} is damaged or cut short; save it again as PNG or JPEG") from error
    if (
        max(upright.size) > WORKING_SIDE
        and upright.mode not in ("P", "1", "I", "F")
        and ";" not in upright.mode
    ):
        upright.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    return upright


def _too_large(name: str) -> str:
    return f"{name} has more than {MOST_PIXELS // 10**6} million pixels; make it smaller first"


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MOST_PIXELS:
        raise ImageError(_too_large(name))
    if min(width, height) < LEAST_SIDE:
        raise ImageError(f"{name} is {width} x {height} pixels; at least {LEAST_SIDE} a side are needed")
    if max(width, height) > MOST_STRETCH * min(width, height):
        raise ImageError(f"{name} is {width} x {height} pixels, too narrow; cut it closer to a square")


def _tensor(picture: Image.Image, channels: int) -> Float[Tensor, "channels h w"]:
    if picture.mode in ("I", "F") or ";" in picture.mode:  # 16 bits and more, always grey
        wide = np.nan_to_num(np.asarray(picture, dtype=np.float64))
        full = 65_535.0 if picture.mode != "F" else 1.0
        grey = torch.from_numpy((wide / full).clip(0, 1).astype(np.float32))
        return grey[None].expand(channels, -1, -1).clone()
    rgba = np.asarray(picture.convert("RGBA"), dtype=np.float32) / 255
    colour, alpha = rgba[..., :3], rgba[..., 3:]
    visible = alpha.sum()
    bright = visible > 0 and (colour * alpha).sum() / 3 > 0.5 * visible
    solid = colour * alpha + (0.0 if bright else 1.0) * (1 - alpha)
    values = torch.from_numpy(solid).permute(2, 0, 1)
    if channels == 1:
        values = (values * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0, keepdim=True)
    return values.contiguous()


def fit(picture: Float[Tensor, "channels h w"], size: int) -> Fitted:
    """A dark-background square of `size`: inverted if the border is bright, padded to a square, then resized.

    A picture only a little smaller than `size` is padded, as MNIST's 28 to 32, and not enlarged.
    """
    border = torch.cat([picture[:, 0], picture[:, -1], picture[:, :, 0], picture[:, :, -1]], dim=1)
    inverted = bool(border.median() > 0.5)
    values = 1 - picture if inverted else picture
    side = max(values.shape[-2:])
    target = size if PAD_FROM * size <= side <= size else side
    values = _pad(values, target)
    if target != size:
        values = torch.nn.functional.interpolate(
            values[None], (size, size), mode="bilinear", antialias=True, align_corners=False
        )[0]
    return Fitted(values.clamp(0, 1), inverted)


def _pad(values: Tensor, side: int) -> Tensor:
    height, width = values.shape[-2:]
    top, left = (side - height) // 2, (side - width) // 2
    return torch.nn.functional.pad(values, (left, side - width - left, top, side - height - top))


def pixels(picture: Float[Tensor, "channels h w"]) -> np.ndarray:
    """uint8 (h, w) for one channel or (h, w, 3) for three; values are clamped to [0, 1]."""
    values = (picture.detach().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    return np.ascontiguousarray(values[:, :, 0] if values.shape[2] == 1 else values)


def write(path: Path, picture: Float[Tensor, "channels h w"], enlarge: int = 1) -> None:
    """A PNG of the picture, each value `enlarge` pixels wide; the file is replaced at once or not at all."""
    image = Image.fromarray(pixels(picture))
    if enlarge > 1:
        image = image.resize((image.width * enlarge, image.height * enlarge), Image.Resampling.NEAREST)
    partial = path.with_name(f"{path.name}.partial")
    image.save(partial, format="PNG")
    os.replace(partial, path)
