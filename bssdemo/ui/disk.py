"""What visitors' files may take of the disk: a total for each address and one for all; the oldest go first.

Gradio removes its own after an hour. This bounds what comes within that hour, and clears what no event of Gradio's
knows: half an upload, an empty folder.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

MOST_OF_ADDRESS = 300e6  # bytes of uploads that are kept of one address
MOST_OF_ALL = 4e9  # bytes of uploads and results
LONGEST = 7_200.0  # seconds: twice as long as Gradio keeps anything
MOST_ADDRESSES = 2_048  # remembered


class Uploads:
    """The uploads that are kept of every address, the oldest first."""

    def __init__(self, most: float = MOST_OF_ADDRESS) -> None:
        self.most = most
        self._kept: OrderedDict[str, OrderedDict[Path, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def brought(self, address: str, sizes: Mapping[Path, int]) -> list[Path]:
        """Count these files, of so many bytes; what is to go for them, which may be some of them."""
        kept = self._kept.setdefault(address, OrderedDict())
        self._kept.move_to_end(address)
        for path, size in sizes.items():
            kept.pop(path, None)
            kept[path] = size
        gone = []
        while sum(kept.values()) > self.most:
            path, _ = kept.popitem(last=False)
            if not any(path in files for files in self._kept.values()):  # the same file is one for all
                gone.append(path)
        while len(self._kept) > MOST_ADDRESSES:
            self._kept.popitem(last=False)
        return gone


def tidy(folders: Collection[Path], keep: Collection[str], most: float = MOST_OF_ALL) -> list[Path]:
    """Remove the oldest files below `folders` until no more than `most` bytes are left, and whatever is too old.

    `keep` is never removed: what the page itself shows. Returns what went.
    """
    now, found, gone = time.time(), [], []
    for folder in folders:
        for path in _files(folder):
            with suppress(OSError):
                told = path.stat()
                found.append((told.st_mtime, told.st_size, path))
    total = sum(size for _, size, _ in found)
    for changed, size, path in sorted(found):
        old = now - changed > LONGEST
        if total <= most and not old:
            break
        if str(path) not in keep:
            total -= size
            gone.append(path)
    remove(gone)
    for folder in folders:
        _prune(folder, now - LONGEST)
    return gone


def remove(paths: Collection[Path]) -> None:
    """Those that are still there."""
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)


def _prune(folder: Path, before: float) -> None:
    """Empty folders below this one, unless they are new: somebody may be about to write there."""
    for place, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            if Path(place) != folder and os.stat(place).st_mtime < before:
                os.rmdir(place)
