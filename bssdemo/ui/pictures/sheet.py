"""Pictures of one size side by side in one WebP, as text: what a board's canvases are drawn from.

A frame is one line of JSON, a newline, and the sheet in base64. The JSON names tiles by their number.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from bssdemo import image

COLUMNS = 8  # tiles in a row


@dataclass
class Sheet:
    """Collects the tiles of one frame. `inverted` pictures are shown on white, as the visitor brought them."""

    inverted: bool
    _tiles: list[np.ndarray] = field(default_factory=list, init=False)

    def picture(self, values: Float[Tensor, "channels size size"]) -> int:
        """Add a source, values up to 1 -> its number."""
        clamped = values.clamp(0, 1)
        return self._add(1 - clamped if self.inverted else clamped)

    def mixture(self, values: Float[Tensor, "channels size size"]) -> int:
        """Add a mixture, values up to 2, as the average of its sources -> its number."""
        return self.picture(values / 2)

    def mask(self, values: Float[Tensor, "channels size size"]) -> int:
        """Add a mask, its mean over the colours, white for the first source -> its number."""
        return self._add(values.mean(0, keepdim=True))

    def frame(self, header: Mapping[str, Any]) -> str:
        """The header and all tiles as a board's value; at least one tile is needed."""
        size = self._tiles[0].shape[0]
        rows = -(-len(self._tiles) // COLUMNS)
        sheet = np.zeros((rows * size, COLUMNS * size, 3), np.uint8)
        for number, tile in enumerate(self._tiles):
            row, column = divmod(number, COLUMNS)
            sheet[row * size : (row + 1) * size, column * size : (column + 1) * size] = tile
        packed = io.BytesIO()
        Image.fromarray(sheet).save(packed, format="WEBP", lossless=True, quality=30, method=1)
        told = {**header, "size": size, "columns": COLUMNS}
        return json.dumps(told, separators=(",", ":")) + "\n" + base64.b64encode(packed.getvalue()).decode()

    def _add(self, values: Float[Tensor, "channels size size"]) -> int:
        pixels = image.pixels(values)
        self._tiles.append(pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2))
        return len(self._tiles) - 1


def read(text: str) -> tuple[dict[str, Any], list[np.ndarray]]:
    """A frame's header and its tiles, uint8 (size, size, 3); a last row may end in empty ones."""
    line, packed = text.split("\n", 1)
    header = json.loads(line)
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(packed))).convert("RGB"))
    size, columns = header["size"], header["columns"]
    grid = sheet.reshape(-1, size, columns, size, 3).transpose(0, 2, 1, 3, 4)
    return header, list(grid.reshape(-1, size, size, 3))
