"""Reads a board's value as assets/tiles.js does."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
from PIL import Image


def read(value: str) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The header and the pictures, uint8 (size, size, 3); a last row may end in empty ones."""
    line, packed = value.split("\n", 1)
    header = json.loads(line)
    strip = np.asarray(Image.open(io.BytesIO(base64.b64decode(packed))).convert("RGB"))
    size, columns = header["size"], header["columns"]
    grid = strip.reshape(-1, size, columns, size, 3).transpose(0, 2, 1, 3, 4)
    return header, list(grid.reshape(-1, size, size, 3))
