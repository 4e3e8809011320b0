"""Files that are replaced at once or not at all: whoever reads one never finds half of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """UTF-8 text; when writing fails (OSError) the file is what it was before."""
    with aside(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """A name beside `path`; what is written there takes its place when the block ends, and goes when it fails."""
    partial = path.with_name(f".{path.stem[:40]}-{secrets.token_hex(4)}{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def made(folder: Path) -> Iterator[Path]:
    """`folder`, made if it is not there; when the block fails, what was made for it and is empty goes again."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except BaseException:
        for place in missing:
            with suppress(OSError):  # not empty: somebody else's, or kept
                place.rmdir()
        raise
