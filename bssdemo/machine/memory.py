"""What a large recording takes of the machine's memory, and what goes back to it.

A minute in stereo at 384 kHz is 184 MB of samples. They lie in a file without a name, and a block of them is in
memory while it is worked on. And the C library keeps what was freed: a search's arrays of a few MB, in pieces between
which others live, are never returned by themselves (docs/log.md has what that came to).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from torch import Tensor

ARENAS = 2  # heaps of the C library; by itself it makes eight a core
ARENA_MAX = -8  # its number in malloc.h

_files: weakref.WeakValueDictionary[int, np.memmap] = weakref.WeakValueDictionary()  # by address


def on_disk(shape: tuple[int, ...]) -> np.ndarray:
    """An array of float32 in a file that ends with it. Raises OSError where the disk is too full."""
    with tempfile.TemporaryFile(prefix="bssdemo-") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, 4 * int(np.prod(shape))))
        array = np.memmap(file, np.float32, "r+", shape=shape)
    _files[array.ctypes.data] = array
    return array


def rest(samples: Float[Tensor, ...] | np.ndarray) -> None:
    """What lies in a file leaves memory until it is looked at; nothing happens to other samples."""
    address = samples.ctypes.data if isinstance(samples, np.ndarray) else samples.untyped_storage().data_ptr()
    held = _files.get(address)
    if held is not None:
        held._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]  # numpy keeps it to itself


def blocks(samples: Float[Tensor, "*channels n"], length: int) -> Iterator[Float[Tensor, "*channels block"]]:
    """One after the other; each leaves memory, if it lies in a file, when the next is asked for."""
    for start in range(0, samples.shape[-1], length):
        yield samples[..., start : start + length]
        rest(samples)


def trim() -> None:
    """Give back what is free."""
    if (library := _library()) is not None:
        library.malloc_trim(0)


def few_arenas() -> None:
    """For the start: threads share the C library's heaps, so that less lies free in each."""
    if (library := _library()) is not None:
        library.mallopt(ARENA_MAX, ARENAS)


def _library() -> ctypes.CDLL | None:
    """glibc; None elsewhere."""
    try:
        library = ctypes.CDLL("libc.so.6")
        return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None
    except OSError:
        return None
