"""Who works on the machine now, and who waits: one run at a time, a long one lets others in between its rounds.

Whoever has had the least of the machine comes next, and among equals who came first; but whoever has waited for long
comes before all, so that a stream of newcomers does not hold up a long run for ever.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition

ROUND = 3.0  # seconds that one works before others get their turn
LONG_WAIT = 12.0  # seconds after which one comes before those who have had less
MOST_WAITING = 12  # runs that wait; one more is told to come back later
MOST_OF_ADDRESS = 4  # runs of one address, going and waiting
STUCK = 300.0  # seconds without a sign after which whoever works has lost the machine
UNBEGUN = 20.0  # seconds after which a place that nobody came to take is given up
CROWDED = "Too many visitors are waiting for this machine, so this was not begun. Try again in a minute."
YOURS = "You have {count} runs going or waiting here already; stop one, or wait until one has ended."


class CrowdedError(ValueError):
    """No place is left, for anybody or for this address."""


@dataclass(eq=False)
class Place:
    """One run's place on the machine, from its announcement to its end."""

    machine: Machine
    address: str | None
    number: int
    made: float
    rested: float  # since when it has waited
    used: float = 0.0  # seconds of the machine so far
    since: float | None = None  # when its round began; None while it waits
    seen: float = 0.0  # when it last gave a sign
    begun: bool = False
    paused: bool = False  # it does not want the machine now
    gone: bool = False

    def wait(self, seconds: float, ended: Callable[[], bool] = lambda: False) -> bool:
        """Wait for the machine, at most so long or until it has `ended`; whether it is this run's now."""
        return self.machine.wait(self, seconds, ended)

    def ahead(self) -> int:
        """How many runs come before it."""
        return self.machine.ahead(self)

    def rest(self, ended: Callable[[], bool]) -> None:
        """Between rounds: let others work where it is their turn, until it is this run's again or it has `ended`."""
        self.machine.rest(self, ended)

    def pause(self, seconds: float, ended: Callable[[], bool]) -> None:
        """Do without the machine for so long, or until it has `ended`, then wait until it is this run's again."""
        self.machine.pause(self, seconds, ended)

    def crowded(self) -> bool:
        """Whether another run wants the machine now."""
        return self.machine.crowded(self)

    def spent(self) -> float:
        """Seconds of the machine that it has had."""
        return self.used + (0.0 if self.since is None else self.machine.clock() - self.since)

    def give_back(self) -> None:
        """The run has ended, or will not begin."""
        self.machine.give_back(self)


class Machine:
    """The machine that all visitors share."""

    def __init__(
        self,
        most_waiting: int = MOST_WAITING,
        most_of_address: int = MOST_OF_ADDRESS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most_waiting, self.most_of_address, self.clock = most_waiting, most_of_address, clock
        self._change = Condition()
        self._places: list[Place] = []
        self._working: Place | None = None
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._places)

    @property
    def waiting(self) -> int:
        """Runs that have a place and do not work now."""
        return len(self._places) - (self._working is not None)

    def place(self, address: str | None = None, instead: Place | None = None) -> Place:
        """A place in the queue, `instead` of one that is given back then. Raises CrowdedError with a sentence."""
        with self._change:
            now = self.clock()
            for stale in [one for one in self._places if not one.begun and now - one.made > UNBEGUN]:
                self._leave(stale)
            others = [one for one in self._places if one is not instead]
            if len(others) > self.most_waiting:
                raise CrowdedError(CROWDED)
            count = sum(one.address == address for one in others)
            if address is not None and count >= self.most_of_address:
                raise CrowdedError(YOURS.format(count=count))
            one = Place(self, address, next(self._numbers), now, rested=now)
            self._places.append(one)
            return one

    def wait(self, place: Place, seconds: float, ended: Callable[[], bool] = lambda: False) -> bool:
        """See Place."""
        with self._change:
            place.begun = True
            working = self._working
            if working is not None and self.clock() - working.seen > STUCK:
                self._leave(working)
            self._change.wait_for(lambda: self._is_next(place) or place.gone or ended(), seconds)
            if place.gone or not self._is_next(place):
                return False
            if self._working is not place:
                self._working, place.since = place, self.clock()
                place.seen = place.since
            return True

    def ahead(self, place: Place) -> int:
        """See Place."""
        with self._change:
            return self._order().index(place) if place in self._places else 0

    def rest(self, place: Place, ended: Callable[[], bool]) -> None:
        """See Place."""
        with self._change:
            if self._working is not place or place.since is None:
                return
            place.seen = self.clock()
            if place.seen - place.since < ROUND:
                return
            self._release(place)
        while not ended() and not self.wait(place, 0.5, ended) and not place.gone:
            pass

    def pause(self, place: Place, seconds: float, ended: Callable[[], bool]) -> None:
        """See Place."""
        with self._change:
            if self._working is place:
                self._release(place)
            place.paused = True
            self._change.notify_all()
            self._change.wait_for(lambda: ended() or place.gone, seconds)
            place.paused = False
        while not ended() and not self.wait(place, 0.5, ended) and not place.gone:
            pass

    def crowded(self, place: Place) -> bool:
        """See Place."""
        with self._change:
            return any(one is not place and one.begun and not one.paused for one in self._places)

    def look(self) -> None:
        """Somebody has stopped: whoever waits looks at once whether it is they."""
        with self._change:
            self._change.notify_all()

    def give_back(self, place: Place) -> None:
        """See Place."""
        with self._change:
            self._leave(place)

    def _release(self, place: Place) -> None:
        """Whoever works stops working."""
        assert place.since is not None
        place.used += self.clock() - place.since
        self._working, place.since = None, None
        place.rested = self.clock()
        self._change.notify_all()

    def _leave(self, place: Place) -> None:
        place.gone = True
        if self._working is place:
            self._release(place)
        if place in self._places:
            self._places.remove(place)
        self._change.notify_all()

    def _order(self) -> list[Place]:
        working = [] if self._working is None else [self._working]
        others = [one for one in self._places if one is not self._working and one.begun and not one.paused]
        idle = [one for one in self._places if one is not self._working and (one.paused or not one.begun)]
        return [*working, *sorted(others, key=self._turn), *idle]

    def _turn(self, place: Place) -> tuple[bool, float, int]:
        waited_long = self.clock() - place.rested > LONG_WAIT
        return not waited_long, place.rested if waited_long else place.used, place.number

    def _is_next(self, place: Place) -> bool:
        return place in self._places and self._order()[0] is place
