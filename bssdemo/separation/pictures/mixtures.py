"""What somebody brings, made a mixture of: a file, two files, two drawings, or an example.

Whatever it was, the mixture y is a sum on a black background with values up to 2, and the two pictures it was made
of, where they are known, have values up to 1. Every refusal is a ValueError with a sentence for the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from bssdemo import image
from bssdemo.separation.pictures.drawing import DIGIT_BOX, OBJECT_BOX, ink, placed
from bssdemo.separation.pictures.sets import PictureSet
from bssdemo.unmix.blend import GAIN

DIGITS = "mnist"  # the set whose pictures are placed as digits
BLANK = np.zeros((1, 1, 4), np.uint8)


@dataclass(frozen=True, eq=False)
class PictureMixture:
    """One mixture to unmix, and what is known of it."""

    set: PictureSet
    title: str
    values: Float[Tensor, "channels size size"]
    inverted: bool  # its background was bright, and it is shown so
    truths: Float[Tensor, "2 channels size size"] | None = None
    kinds: tuple[str, str] | None = None  # which of the set's kinds either truth is, where that is known
    partner: int = 0  # the example that the network's training is shown with

    def shown(self, values: Float[Tensor, "*batch channels h w"]) -> Float[Tensor, "*batch channels h w"]:
        """Sources on the background that the mixture had, in [0, 1]."""
        clamped = values.clamp(0, 1)
        return 1 - clamped if self.inverted else clamped


def from_file(chosen: PictureSet, file: str | Path | None, blend: str = "average") -> PictureMixture:
    """A mixture that was made elsewhere; nothing is known of its sources."""
    if not file:
        raise ValueError("Choose a picture first: one that holds two pictures laid over each other.")
    if blend not in GAIN:
        raise ValueError(f"There is no way of mixing called {blend}. Available: {', '.join(GAIN)}.")
    fitted = _read(chosen, file)
    return PictureMixture(chosen, "your mixture", GAIN[blend] * fitted.values, fitted.inverted)


def from_two(chosen: PictureSet, files: Sequence[str | Path | None]) -> PictureMixture:
    """Two pictures, mixed here."""
    given = [file for file in files if file]
    if len(given) < 2:
        raise ValueError("Choose two pictures: they are mixed here, and then taken apart again.")
    fitted = [_read(chosen, file) for file in given]
    truths = torch.stack([one.values for one in fitted])
    inverted = all(one.inverted for one in fitted)
    return PictureMixture(chosen, "your two pictures", truths.sum(0), inverted, truths)


def from_drawings(
    chosen: PictureSet, drawings: Sequence[UInt8[np.ndarray, "_h _w 4"] | None]
) -> PictureMixture:
    """Two drawings, mixed here; every one is scaled and placed as the set's pictures are."""
    box = DIGIT_BOX if chosen.name == DIGITS else OBJECT_BOX
    papers = [BLANK if drawing is None else drawing for drawing in drawings]
    truths = torch.stack([placed(ink(paper, chosen.channels), chosen.size, box) for paper in papers])
    inverted = chosen.channels == 3  # drawn in colour on white
    return PictureMixture(chosen, "your two drawings", truths.sum(0), inverted, truths)


def from_example(chosen: PictureSet, number: int) -> PictureMixture:
    """The example of that number, from 0; its partner is the next one."""
    examples = chosen.examples
    if examples is None or not 0 <= number < len(examples):
        raise ValueError(f"There is no example {number + 1} of {chosen.title}.")
    return PictureMixture(
        chosen,
        f"the example {examples.title(number)}",
        examples.mixture(number),
        examples.inverted,
        examples.sources[number],
        examples.kinds,
        (number + 1) % len(examples),
    )


def _read(chosen: PictureSet, file: str | Path) -> image.Fitted:
    try:
        return image.fit(image.read(file, chosen.channels), chosen.size)
    except image.ImageError as error:
        raise ValueError(f"{error}.") from error
