"""Names of files as people read them, whatever bytes they are made of."""

from __future__ import annotations

import os
from pathlib import Path


def readable(name: Path | str) -> str:
    """A file's name as text that can be printed and stored: bytes that are no UTF-8 are taken as Latin-1."""
    raw = os.fsencode(name)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
