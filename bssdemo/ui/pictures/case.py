"""What a visitor brought, checked and made a mixture of: a file, two files, two drawings, an example. No Gradio here.

Whatever it was, the mixture y is a sum on a black background with values up to 2, and the two pictures it was made
of, where they are known, have values up to 1. Every refusal is a ValueError with a sentence for the visitor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from bssdemo import image
from bssdemo.ui.pictures.shelf import PictureSet, PictureShelf
from bssdemo.unmix.drawing import DIGIT_BOX, OBJECT_BOX, ink, placed
from bssdemo.unmix.file import GAIN, Blend

DIGITS = "mnist"  # the set whose pictures are placed as digits


@dataclass(frozen=True, eq=False)
class Case:
    """One mixture to unmix, and what is known of it."""

    chosen: PictureSet
    title: str
    mixture: Float[Tensor, "channels size size"]
    inverted: bool  # its background was bright, and it is shown so
    truths: Float[Tensor, "2 channels size size"] | None = None
    kinds: tuple[str, str] | None = None  # which of the set's kinds either truth is, where that is known
    partner: int | None = None  # the example that the circle is gone with; None: there is no example


def pick(shelf: PictureShelf, name: str | None) -> PictureSet:
    """The set of that name."""
    if not shelf.sets:
        raise ValueError(
            "There is no trained network for pictures here yet; docs/unmix.md tells how to train one."
        )
    if name is None or name not in shelf.sets:
        raise ValueError(f"There is no set of pictures called {name}. Available: {', '.join(shelf.sets)}.")
    return shelf.sets[name]


def from_file(chosen: PictureSet, file: str | Path | None, blend: str = "average") -> Case:
    """A mixture that was made elsewhere; nothing is known of its sources."""
    if not file:
        raise ValueError("Choose a picture first: one that holds two pictures laid over each other.")
    if blend not in get_args(Blend):
        raise ValueError(
            f"There is no way of mixing called {blend}. Available: {', '.join(get_args(Blend))}."
        )
    network = chosen.any.network
    fitted = image.fit(_read(file, network.channels), network.size)
    gain = GAIN["average"] if blend == "average" else GAIN["sum"]
    return Case(chosen, "your mixture", gain * fitted.values, fitted.inverted, partner=_partner(chosen))


def from_two(chosen: PictureSet, files: Sequence[str | Path | None]) -> Case:
    """Two pictures, mixed here."""
    given = [file for file in files if file]
    if len(given) < 2:
        raise ValueError("Choose two pictures: they are mixed here, and then taken apart again.")
    network = chosen.any.network
    fitted = [image.fit(_read(file, network.channels), network.size) for file in given]
    truths = torch.stack([one.values for one in fitted])
    inverted = all(one.inverted for one in fitted)
    return Case(chosen, "your two pictures", truths.sum(0), inverted, truths, partner=_partner(chosen))


def from_drawings(chosen: PictureSet, papers: Sequence[UInt8[np.ndarray, "_h _w 4"] | None]) -> Case:
    """Two drawings, mixed here; every one is scaled and placed as the set's pictures are."""
    network = chosen.any.network
    box = DIGIT_BOX if chosen.name == DIGITS else OBJECT_BOX
    blank = np.zeros((1, 1, 4), np.uint8)
    sheets = [blank if paper is None else paper for paper in papers]
    truths = torch.stack([placed(ink(paper, network.channels), network.size, box) for paper in sheets])
    inverted = network.channels == 3  # drawn in colour on white
    return Case(chosen, "your two drawings", truths.sum(0), inverted, truths, partner=_partner(chosen))


def from_example(chosen: PictureSet, number: int) -> Case:
    """The example of that number, from 0; its partner is the next one."""
    gallery = chosen.gallery
    if gallery is None or not 0 <= number < len(gallery):
        raise ValueError(f"There is no example {number + 1} of {chosen.title}.")
    truths = gallery.pictures[number]
    partner = (number + 1) % len(gallery)
    title = f"the example {gallery.title(number)}"
    return Case(chosen, title, truths.sum(0), gallery.inverted, truths, gallery.kinds, partner)


def _partner(chosen: PictureSet) -> int | None:
    return None if chosen.gallery is None else 0


def _read(file: str | Path, channels: int) -> Float[Tensor, "channels h w"]:
    try:
        return image.read(file, channels)
    except image.ImageError as error:
        raise ValueError(f"{error}.") from error
