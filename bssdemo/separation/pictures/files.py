"""The files of an unmixed picture: both sources, the mask, and the mixture as the network saw it.

They are written aside and moved when all of them are there, so a folder never holds half a result, and the picture
itself is never overwritten.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from bssdemo import image
from bssdemo.separation.pictures.result import PictureResult

SOURCES, MASK, MIXTURE = ("source-1.png", "source-2.png"), "mask.png", "mixture.png"
ENLARGE = 4  # a 32 x 32 picture is hard to see


def refuse_to_overwrite(picture: Path, folder: Path) -> None:
    """Raises ValueError where a result in `folder` would replace the picture that it is made of."""
    for name in (*SOURCES, MASK, MIXTURE):
        if (folder / name).exists() and (folder / name).samefile(picture):
            raise ValueError(
                f"{picture.name} would be overwritten by a file of the result; choose another folder for --out"
            )


def write(result: PictureResult, folder: Path) -> list[Path]:
    """PNGs on the background that the picture had; their paths. Raises OSError; then none is left."""
    mixture = result.mixture
    pictures = dict(zip(SOURCES, mixture.shown(result.sources), strict=True))
    pictures[MIXTURE] = mixture.shown(mixture.values / 2)
    if result.mask is not None:
        pictures[MASK] = result.mask
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".bssdemo-", dir=folder))
    try:
        for name, picture in pictures.items():
            image.write(aside / name, picture, ENLARGE)
        for name in pictures:
            os.replace(aside / name, folder / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return [folder / name for name in pictures]
