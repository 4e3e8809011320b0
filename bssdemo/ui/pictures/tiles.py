"""Pictures of one size side by side in one WebP, as text: what the canvases of the tab's boards are drawn from.

The value of a board is one line of JSON, a newline, and the WebP in base64. The JSON names pictures by their
number. assets/tiles.js reads it.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from bssdemo import image
from bssdemo.separation.pictures.mixtures import PictureMixture

COLUMNS = 8  # pictures in a row


class Tiles:
    """Collects the pictures that a board shows, all on the background that `mixture` had."""

    def __init__(self, mixture: PictureMixture) -> None:
        self._mixture = mixture
        self._tiles: list[np.ndarray] = []

    def source(self, values: Float[Tensor, "channels size size"]) -> int:
        """Add a source, values up to 1 -> its number."""
        return self._add(self._mixture.shown(values))

    def sum(self, values: Float[Tensor, "channels size size"]) -> int:
        """Add a sum of two sources, values up to 2, as their average -> its number."""
        return self.source(values / 2)

    def mask(self, values: Float[Tensor, "channels size size"]) -> int:
        """Add a mask, its mean over the colours, white for the first source -> its number."""
        return self._add(values.mean(0, keepdim=True))

    def encoded(self, header: Mapping[str, Any]) -> str:
        """The header and all pictures as a board's value; at least one picture is needed."""
        size = self._tiles[0].shape[0]
        rows = -(-len(self._tiles) // COLUMNS)
        grid = np.zeros((rows * COLUMNS, size, size, 3), np.uint8)
        grid[: len(self._tiles)] = self._tiles
        strip = grid.reshape(rows, COLUMNS, size, size, 3).transpose(0, 2, 1, 3, 4)
        packed = io.BytesIO()
        picture = Image.fromarray(strip.reshape(rows * size, COLUMNS * size, 3))
        picture.save(packed, format="WEBP", lossless=True, quality=30, method=1)
        told = json.dumps({**header, "size": size, "columns": COLUMNS}, separators=(",", ":"))
        return f"{told}\n{base64.b64encode(packed.getvalue()).decode()}"

    def _add(self, values: Float[Tensor, "channels size size"]) -> int:
        self._tiles.append(image.coloured(values))
        return len(self._tiles) - 1
