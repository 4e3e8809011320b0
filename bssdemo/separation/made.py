"""Which files of a folder an earlier run made: its report names them with their digests, and they are still the same.

Only those may be replaced or removed. What a person put there, or changed since, is theirs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

LONGEST_REPORT = 10_000_000  # bytes
DEEPEST = 2  # a folder and a name


def digests(files: Iterable[Path], folder: Path) -> dict[str, str]:
    """SHA-256 of every file by its path in `folder`, as a report holds them."""
    return {file.relative_to(folder).as_posix(): _digest(file) for file in files}


def made_before(folder: Path, report: str) -> set[Path]:
    """The files in `folder` that the run made whose report lies there, that report included."""
    path = folder / report
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LONGEST_REPORT:
            return set()
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return set()
    files = told.get("files") if isinstance(told, dict) and "schema" in told else None
    if not isinstance(files, dict):
        return set()
    return {path} | {folder / name for name, digest in files.items() if _is_the_same(folder, name, digest)}


def _is_the_same(folder: Path, name: str, digest: object) -> bool:
    parts = PurePosixPath(name).parts
    if not 1 <= len(parts) <= DEEPEST or ".." in parts or PurePosixPath(name).is_absolute():
        return False
    file = folder / name
    try:
        return file.is_file() and not file.is_symlink() and _digest(file) == digest
    except OSError:
        return False


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
