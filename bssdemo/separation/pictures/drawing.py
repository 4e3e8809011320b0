"""A drawing by hand, prepared as MNIST's digits are: scaled to a box, its centre of mass in the middle.

LeCun et al. 1998: a digit fills a box of 20 x 20 and is placed by its centre of mass in 28 x 28 pixels.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

FAINTEST = 0.1  # of full ink: fainter is paper
LARGEST = 1024  # pixels a side: a larger drawing is made smaller first
DIGIT_BOX, OBJECT_BOX = 20 / 32, 28 / 32  # of the picture's side


class DrawingError(ValueError):
    """Nothing is drawn; the message says what to do."""


def ink(paper: UInt8[np.ndarray, "h w rgba"], channels: int) -> Float[Tensor, "channels _h _w"]:
    """What is drawn on white or transparent paper, as brightness on black; grey (1 channel) or colour (3)."""
    small = Image.fromarray(paper).reduce(max(1, max(paper.shape[:2]) // LARGEST))
    rgba = torch.from_numpy(np.asarray(small, np.float32) / 255).permute(2, 0, 1)
    drawn = (1 - rgba[:3]) * rgba[3:]
    return drawn.mean(0, keepdim=True) if channels == 1 else drawn


def placed(
    drawn: Float[Tensor, "channels h w"], size: int, box: float
) -> Float[Tensor, "channels size size"]:
    """The ink alone, its longer side `box` of `size`, its centre of mass in the middle as far as it stays whole.

    Raises DrawingError when there is none.
    """
    heavy = drawn.amax(0)
    if not bool((heavy > FAINTEST).any()):
        raise DrawingError("Nothing is drawn yet: draw one digit or shape in each of the two fields.")
    rows, columns = (torch.nonzero((heavy > FAINTEST).any(axis))[:, 0] for axis in (1, 0))
    cut = drawn[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = box * size / max(cut.shape[-2:])
    height, width = (max(1, round(scale * side)) for side in cut.shape[-2:])
    small = torch.nn.functional.interpolate(
        cut[None], (height, width), mode="bilinear", antialias=True, align_corners=False
    )[0].clamp(0, 1)
    out = torch.zeros(drawn.shape[0], size, size)
    top, left = (_start(small.sum((0, axis)), size) for axis in (2, 1))
    out[:, top : top + height, left : left + width] = small
    return out


def _start(profile: Float[Tensor, " side"], size: int) -> int:
    """Where a side begins so that its centre of mass is in the middle."""
    places = torch.arange(len(profile)) + 0.5
    middle = float((places * profile).sum() / profile.sum())
    return min(max(round(size / 2 - middle), 0), size - len(profile))
