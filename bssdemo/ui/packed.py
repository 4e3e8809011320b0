"""Text for the wire: packed well enough at once, and as small as it gets from the next time on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Lock

import brotli

QUICK, BEST = 5, 11  # of brotli: a page and its scripts take 0.1 s together, or 3 s and a tenth less
MOST_TEXTS = 256  # that are pressed best: what a page is made of, by several names of its server


class Packer:
    """What was asked for before, by its content, pressed one after the other on a thread of its own."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pressed: dict[bytes, bytes | None] = {}  # None: it is being pressed
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="packer")

    def __call__(self, text: bytes) -> bytes:
        """`text` by brotli."""
        key = sha256(text).digest()
        with self._lock:
            pressed = self._pressed.get(key)
            if key not in self._pressed and len(self._pressed) < MOST_TEXTS:
                self._pressed[key] = None
                self.pool.submit(self._press, key, text)
        return pressed or brotli.compress(text, quality=QUICK)

    def _press(self, key: bytes, text: bytes) -> None:
        pressed = brotli.compress(text, quality=BEST)
        with self._lock:
            self._pressed[key] = pressed
