"""Who fetches what their run sends: a run that nobody fetches from is dropped.

Gradio streams every visitor's updates over one open answer. `Doors` reports here when one opens, closes, and takes
what it is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

PATIENCE = 8.0  # seconds without anybody to fetch, after which a run is dropped
MOST_KNOWN = 4096  # visitors remembered


@dataclass
class _Seen:
    """One visitor's streams."""

    since: float  # when nobody began to fetch; counts while no stream is open
    open: int = 0
    pending: dict[int, float] = field(default_factory=dict)  # stream -> since when a piece is under way


class Audience:
    """The visitors whose streams are open. Nobody counts as absent where there is no server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = Lock()
        self._seen: dict[str, _Seen] = {}
        self._served = False

    def __len__(self) -> int:
        return len(self._seen)

    def serve(self) -> None:
        """From now on there is a server, whose streams are told."""
        self._served = True

    def expect(self, visitor: str) -> None:
        """A run of the visitor begins: their stream has a moment to open."""
        with self._lock:
            seen = self._of(visitor)
            if not seen.open:
                seen.since = self.clock()

    def opened(self, visitor: str) -> None:
        """A stream of theirs is open."""
        with self._lock:
            self._of(visitor).open += 1

    def closed(self, visitor: str, stream: int) -> None:
        """It is not any more."""
        with self._lock:
            seen = self._of(visitor)
            seen.open, seen.since = max(0, seen.open - 1), self.clock()
            seen.pending.pop(stream, None)

    def sending(self, visitor: str, stream: int, under_way: bool) -> None:
        """A piece is handed to the network, or was taken by it."""
        with self._lock:
            pending = self._of(visitor).pending
            if under_way:
                pending[stream] = self.clock()
            else:
                pending.pop(stream, None)

    def absent(self, visitor: str) -> bool:
        """Whether nobody has fetched for longer than a moment."""
        if not self._served:
            return False
        with self._lock:
            seen = self._of(visitor)
            since = min(seen.pending.values(), default=None) if seen.open else seen.since
            return since is not None and self.clock() - since > PATIENCE

    def forget(self, visitor: str) -> None:
        """The visitor has left."""
        with self._lock:
            seen = self._seen.get(visitor)
            if seen is not None and not seen.open:
                del self._seen[visitor]

    def _of(self, visitor: str) -> _Seen:
        seen = self._seen.get(visitor)
        if seen is None:
            if len(self._seen) >= MOST_KNOWN:
                for idle in [name for name, one in self._seen.items() if not one.open][: MOST_KNOWN // 4]:
                    del self._seen[idle]
            seen = self._seen[visitor] = _Seen(self.clock())
        return seen
