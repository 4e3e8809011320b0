"""What one visitor's run may be told while it is going: new weights, and to stop.

Gradio's listeners and generators meet only here, by the visitor's session hash. There is one
`Sessions` per page, made when the page is built; nothing of it outlives a visit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Lock

from bssdemo.search.objective import Weights


@dataclass
class Session:
    """One run (live or replayed) of one visitor.

    Stopped, it ends at its next step and delivers what it has. Dropped, because the visitor went on
    to something else or left, it ends and delivers nothing.
    """

    weights: Weights | None = None
    _stop: Event = field(default_factory=Event, init=False, repr=False)
    _drop: Event = field(default_factory=Event, init=False, repr=False)

    @property
    def stopped(self) -> bool:
        """Whether the run should end, for whichever reason."""
        return self._stop.is_set()

    @property
    def dropped(self) -> bool:
        """Whether nobody waits for the run's result any more."""
        return self._drop.is_set()

    def stop(self) -> None:
        self._stop.set()

    def drop(self) -> None:
        self._drop.set()
        self._stop.set()


class Sessions:
    """The runs going on now, at most one per visitor."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._runs: dict[str, Session] = {}
        self._announced: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._runs | self._announced)

    def announce(self, visitor: str, weights: Weights | None = None) -> Session:
        """Set up the visitor's next run, which begins when it is claimed; the previous is dropped."""
        self.leave(visitor)
        session = Session(weights)
        with self._lock:
            self._announced[visitor] = session
        return session

    def claim(self, visitor: str) -> Session | None:
        """Begin the announced run; None if there is none, or another event has begun it."""
        with self._lock:
            session = self._announced.pop(visitor, None)
            if session is not None:
                self._runs[visitor] = session
        return session

    def current(self, visitor: str) -> Session | None:
        """The visitor's run, announced or going."""
        with self._lock:
            return self._announced.get(visitor) or self._runs.get(visitor)

    def stop(self, visitor: str) -> None:
        """Ask the visitor's run to end and deliver, if there is one."""
        session = self.current(visitor)
        if session is not None:
            session.stop()

    def end(self, visitor: str, session: Session) -> None:
        """Forget a finished run, unless the visitor has begun another since."""
        with self._lock:
            if self._runs.get(visitor) is session:
                del self._runs[visitor]

    def leave(self, visitor: str) -> None:
        """Drop whatever the visitor had going: they closed the page or turned to something else."""
        with self._lock:
            left = [self._announced.pop(visitor, None), self._runs.pop(visitor, None)]
        for session in left:
            if session is not None:
                session.drop()
