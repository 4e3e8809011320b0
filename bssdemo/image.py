"""Picture files in, tensors out, and back (Pillow).

Everything a person may upload arrives here, so every failure is an ImageError in plain words, and no file,
whatever it claims to be, is decoded beyond MOST_PIXELS. Pictures are float32 (channels, h, w) in [0, 1].
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from bssdemo.machine.files import aside
from bssdemo.machine.text import readable

MOST_BYTES = 50_000_000  # of a file
MOST_PIXELS = 60_000_000  # 180 MB of RGB
LEAST_SIDE = 8
MOST_STRETCH = 8  # longer side over the shorter one
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
PAD_FROM = 0.75  # a picture of at least this share of the wanted size is padded, a smaller one enlarged
WORKING_SIDE = 1024  # larger pictures are made smaller first: they end at 32 or 64 pixels anyway
STRIP_PIXELS = 1 << 20  # converted at a time
MOST_FRAMES, FRAME_PIXELS = 100, 200_000_000  # of an animation that begins blank, looked at
DARKEST = 32  # of 255: a picture of 16 bits a colour that stays below holds 12 bits or fewer
AT_ONCE = 2  # pictures that are decoded at the same time, whoever asks
ORIENTATION = 0x0112  # Exif
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip

_turns = threading.BoundedSemaphore(AT_ONCE)
Image.MAX_IMAGE_PIXELS = (
    MOST_PIXELS // 2
)  # Pillow refuses twice as many, whoever opens a picture in this process


class ImageError(ValueError):
    """A picture cannot be used; the message says why and what would work."""


@dataclass(frozen=True)
class Fitted:
    """A picture at the size a network wants, with a dark background."""

    values: Float[Tensor, "channels size size"]
    inverted: bool  # the file's background was bright


def read(path: Path | str, channels: int) -> Float[Tensor, "channels h w"]:
    """The first picture in a file that is not blank: upright, without transparency, grey (1 channel) or colour (3).

    At most 1024 pixels a side. Values of more than 8 bits are scaled by the range that they use.

    Transparent parts become black when what is visible is bright, else white.
    Raises ImageError for everything that is not a picture of usable size.
    """
    path = Path(path)
    name = readable(path.name)
    if not path.is_file():
        raise ImageError(f"{readable(path)} is not there or is not a file")
    try:
        size = path.stat().st_size
        if size == 0:
            raise ImageError(f"{name} is an empty file")
        if size > MOST_BYTES:
            raise ImageError(f"{name} is larger than {MOST_BYTES // 10**6} MB; make it smaller first")
        content = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{name} cannot be read: {error.strerror or error}") from error
    with _turns:
        small = _decode(content, name)
    return _tensor(small, channels)


def refuse_large(source: Path | io.BytesIO) -> None:
    """Raises ImageError for a picture of more than MOST_PIXELS, by its header: before anybody makes its pixels."""
    try:
        with _opened(source) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ImageError(_too_large("The picture"))
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, ImageError):
            raise
        raise ImageError("The picture is damaged or in a format that is not read") from error


def _opened(source: Path | io.BytesIO) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MOST_PIXELS is lower
            return Image.open(source, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise ImageError(_too_large("The picture")) from error


def _decode(content: bytes, name: str) -> Image.Image:
    """The upright picture, RGBA or grey floats, checked before its pixels are decoded, at most WORKING_SIDE a side."""
    try:
        picture = _opened(io.BytesIO(content))
    except UnidentifiedImageError as error:
        raise ImageError(f"{name} is no picture that can be read; PNG, JPEG and WebP work") from error
    except ImageError as error:
        raise ImageError(_too_large(name)) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageError(_damaged(name)) from error
    _check_size(*picture.size, name)
    try:
        deep = any("16" in str(tile[3]) for tile in getattr(picture, "tile", []))
        picture.draft("RGB", (WORKING_SIDE, WORKING_SIDE))  # a JPEG is decoded at a fraction of its size
        small = _first_that_holds_something(picture)
        turned = TURNS.get(picture.getexif().get(ORIENTATION, 1))
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise ImageError(_damaged(name)) from error
    if deep and small.mode == "RGBA" and 0 < max(high for _, high in small.getextrema()[:3]) < DARKEST:  # type: ignore[misc]
        raise ImageError(
            f"{name} stores few bits in 16 of every colour, and is nearly black so; save it with 8 bits a colour"
        )
    return small if turned is None else small.transpose(turned)


def _first_that_holds_something(picture: Image.Image) -> Image.Image:
    """The first frame that is not blank, of those that are looked at; if all are, the first."""
    frames = getattr(picture, "n_frames", 1)
    looked_at = min(frames, MOST_FRAMES, max(1, FRAME_PIXELS // (picture.width * picture.height)))
    first = _small(picture)
    if not _is_blank(first):
        return first
    for frame in range(1, looked_at):
        try:
            picture.seek(frame)
            if min(picture.size) < LEAST_SIDE or picture.width * picture.height > MOST_PIXELS:
                break  # a page of another size
            small = _small(picture)
        except (OSError, SyntaxError, ValueError, EOFError):  # cut short: what came before is there
            break
        if not _is_blank(small):
            return small
    return first


def _is_blank(picture: Image.Image) -> bool:
    """Whether every pixel that can be seen has the same colour."""
    values = np.asarray(picture)
    if picture.mode == "RGBA":
        seen = values[..., 3] > 0
        values = values[seen]
        return len(values) == 0 or (bool(seen.all()) and not np.ptp(values, 0).any())
    return not np.ptp(values)


def _small(picture: Image.Image) -> Image.Image:
    """RGBA, or grey floats of more than 8 bits, of at most WORKING_SIDE a side; made strip by strip."""
    width, height = picture.size
    times = max(1, max(width, height) // WORKING_SIDE)
    rows = max(1, STRIP_PIXELS // (width * times)) * times
    strips = [picture.crop((0, top, width, min(top + rows, height))) for top in range(0, height, rows)]
    if picture.mode in ("I", "F") or ";" in picture.mode:
        grey = np.concatenate([_means(np.asarray(strip, np.float64), times) for strip in strips])
        return _bounded(Image.fromarray(_scaled(grey, picture.mode == "F")))
    small = Image.new("RGBA", (-(-width // times), -(-height // times)))
    for number, strip in enumerate(strips):
        small.paste(strip.convert("RGBA").reduce(times), (0, number * (rows // times)))
    return _bounded(small)


def _bounded(picture: Image.Image) -> Image.Image:
    if max(picture.size) > WORKING_SIDE:
        picture.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    return picture


def _means(values: np.ndarray, times: int) -> np.ndarray:
    """Of squares of `times` a side; those at the right and lower edge may be smaller."""
    values = np.nan_to_num(values, posinf=0, neginf=0)
    for axis in (0, 1):
        starts = np.arange(0, values.shape[axis], times)
        counts = np.diff(np.append(starts, values.shape[axis]))
        sums = np.add.reduceat(values, starts, axis)
        values = sums / (counts[:, None] if axis == 0 else counts)
    return values


def _scaled(values: np.ndarray, floats: bool) -> np.ndarray:
    """Into [0, 1] by the range that the values use: files of 16 bits and more hold 10, 12 or 14 of them, or floats."""
    low, high = min(0.0, float(values.min())), float(values.max())
    if low < 0:
        return ((values - low) / max(high - low, 1e-9)).astype(np.float32)
    ranges = [1.0] if floats and high > 1 / 16 else []
    ranges += [high] if floats and 0 < high <= 1 / 16 else []
    ranges += [2.0**bits - 1 for bits in (8, 10, 12, 14, 16, *(() if floats else (20, 24, 32)))]
    full = next((one for one in ranges if high <= one * (1 + 1e-6)), high)
    return (values / full).clip(0, 1).astype(np.float32)


def _damaged(name: str) -> str:
    return f"{name} is damaged or cut short; save it again as PNG or JPEG"


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
    if picture.mode == "F":  # 16 bits and more, always grey
        grey = torch.from_numpy(np.array(picture))
        return grey[None].expand(channels, -1, -1).clone()
    rgba = np.asarray(picture, dtype=np.float32) / 255
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


def coloured(picture: Float[Tensor, "channels h w"], side: int = 0) -> np.ndarray:
    """uint8 (h, w, 3) for the eye; every value is a square of as many pixels as go into `side` of them."""
    values = pixels(picture)
    three = values if values.ndim == 3 else np.repeat(values[..., None], 3, axis=2)
    times = max(1, side // three.shape[0])
    return three.repeat(times, axis=0).repeat(times, axis=1)


def write(path: Path, picture: Float[Tensor, "channels h w"], enlarge: int = 1) -> None:
    """A PNG of the picture, each value `enlarge` pixels wide; the file is replaced at once or not at all."""
    image = Image.fromarray(pixels(picture))
    if enlarge > 1:
        image = image.resize((image.width * enlarge, image.height * enlarge), Image.Resampling.NEAREST)
    with aside(path) as partial:
        image.save(partial, format="PNG")
