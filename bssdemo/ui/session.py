"""What lives as long as a visitor does: what they have going, the recording they brought, and their files.

Gradio's listeners and generators meet only here, by the visitor's session hash. A search, a replay, a comparison
and a picture of one visitor have turns of their own: to stop one leaves the others alone. There is one `Turns`
and one `Recordings` per page, made when the page is built; nothing of them outlives a visit.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Event, Lock
from typing import Any, Literal

from bssdemo.machine import journal, memory
from bssdemo.machine.shares import CrowdedError, Machine, Place
from bssdemo.search.objective import Weights
from bssdemo.separation import Heard, read
from bssdemo.separation.heard import MOST_SECONDS
from bssdemo.ui.audience import Audience

AT_ONCE = BoundedSemaphore(2)  # files that are decoded at the same time: each may need a few hundred MB
MOST_RECORDINGS = 16  # visitors whose recording is kept decoded: 27 MB for a minute in stereo at 48 kHz
MOST_DECODED = 300e6  # bytes of all of those, but for the last one's, which may be 184 MB
LARGE = 40e6  # bytes of a decoded recording; a smaller one always has room
MOST_LIVE = 600e6  # bytes of all recordings that are held or searched
FULL_MEMORY = (
    "Other large recordings fill this machine's memory. Try again in a minute, or with a shorter one."
)
FOLDERS = "bssdemo-"
KEPT_NO_LONGER = "This file was kept for an hour; choose it again."
Kind = Literal["refined", "raw"]  # of stems
Activity = Literal["search", "replay", "comparison", "picture"]
ACTIVITIES: tuple[Activity, ...] = ("search", "replay", "comparison", "picture")
LIGHT: tuple[Activity, ...] = ("replay",)  # needs no place on the machine
LANE: dict[str, Any] = {
    "concurrency_id": "cpu",
    "concurrency_limit": 16,
}  # of Gradio: who works, `Machine` decides
_live: weakref.WeakSet[Heard] = weakref.WeakSet()  # recordings that somebody holds
_live_lock = Lock()
ASK_AGAIN = 1.0  # seconds between two looks at how many come before


@dataclass
class Turn:
    """One activity of one visitor.

    Stopped, it ends at its next step and delivers what it has. Dropped, because the visitor went on
    to something else or left, it ends and delivers nothing.
    """

    weights: Weights | None = None
    stems: Kind = "refined"  # which the visitor wants to see and hear at the end
    watched: bool = False  # it is to be slowed, so that it can be followed
    fair: float | None = (
        None  # seconds of the machine that it may have while others want it; None: no such limit
    )
    cut_short: bool = field(default=False, init=False)  # it has had them, and ends for the others' sake
    place: Place | None = None  # on the machine; None for what is light
    stream: str | None = None  # whose open answer its updates are sent over
    absent: Callable[[], bool] = field(
        default=lambda: False, repr=False
    )  # whether nobody fetches what it sends
    _stop: Event = field(default_factory=Event, init=False, repr=False)
    _drop: Event = field(default_factory=Event, init=False, repr=False)

    @property
    def stopped(self) -> bool:
        """Whether it should end, for whichever reason."""
        return self._stop.is_set()

    @property
    def working(self) -> bool:
        """Whether it has had the machine."""
        return self.place is None or self.place.spent() > 0

    @property
    def dropped(self) -> bool:
        """Whether nobody waits for its result any more."""
        return self._drop.is_set()

    def stop(self) -> None:
        self._stop.set()
        if self.place is not None:
            self.place.machine.look()  # it may be waiting

    def drop(self) -> None:
        self._drop.set()
        self._stop.set()
        if self.place is not None and not self.place.begun:
            self.place.give_back()

    def waits(self) -> Iterator[int]:
        """How many runs come before this one, again and again, until the machine is its own or it is stopped."""
        while self.place is not None and not self.place.wait(ASK_AGAIN, self._over):
            if self._over():
                return
            yield self.place.ahead()

    def ends(self) -> bool:
        """Asked between two rounds of a run: gives others their share of the machine, then says whether to end."""
        if self.place is not None:
            crowded = self.fair is not None and self.place.spent() > self.fair and self.place.crowded()
            if crowded and not self.stopped:
                self.cut_short = True
                return True
            self.place.rest(self._over)
        return self._over()

    def pause(self, seconds: float) -> None:
        """Let time pass for whoever watches; the machine is free for others meanwhile."""
        if seconds <= 0:
            return
        if self.place is None:
            self._stop.wait(seconds)
        else:
            self.place.pause(seconds, self._over)

    def _over(self) -> bool:
        if self.absent():
            self.drop()
        return self.stopped


class Turns:
    """What goes on now, at most one turn per visitor and activity."""

    def __init__(self, machine: Machine | None = None, audience: Audience | None = None) -> None:
        self.machine = Machine() if machine is None else machine  # an empty one is false
        self.audience = Audience() if audience is None else audience
        self._lock = Lock()
        self._going: dict[tuple[str, Activity], Turn] = {}
        self._announced: dict[tuple[str, Activity], Turn] = {}

    def __len__(self) -> int:
        return len(self._going | self._announced)

    def announce(
        self,
        visitor: str,
        activity: Activity,
        weights: Weights | None = None,
        stems: Kind = "refined",
        address: str | None = None,
        watched: bool = False,
        stream: str | None = None,
    ) -> Turn:
        """Set up the visitor's next turn, which begins when it is taken; the one before is dropped.

        `stream`: the session that its updates are sent to, where several visitors have one together.
        Raises CrowdedError, with a sentence, where there is no place for it on the machine; the one before goes on.
        """
        before = self.current(visitor, activity)
        place = None
        if activity not in LIGHT:
            held = before.place if before is not None else None
            place = self.machine.place(address, instead=held)
        self.leave(visitor, activity)
        stream = visitor if stream is None else stream
        self.audience.expect(stream)
        turn = Turn(
            weights, stems, watched, place=place, stream=stream, absent=lambda: self.audience.absent(stream)
        )
        with self._lock:
            self._announced[visitor, activity] = turn
        return turn

    @contextmanager
    def taken(self, visitor: str, activity: Activity) -> Iterator[Turn | None]:
        """Begin the announced turn and give it back at the end; None if there is none, or it has begun already."""
        key = (visitor, activity)
        with self._lock:
            turn = self._announced.pop(key, None)
            if turn is not None:
                self._going[key] = turn
        began = time.monotonic()
        if turn is not None:
            self.audience.expect(turn.stream or visitor)
        try:
            yield turn
        finally:
            with self._lock:
                if turn is not None and self._going.get(key) is turn:
                    del self._going[key]
            if turn is not None:
                if turn.place is not None:
                    turn.place.give_back()
                ending = "dropped" if turn.dropped else "stopped" if turn.stopped else "done"
                memory.trim()
                journal.record(activity, visitor, time.monotonic() - began, ending=ending)

    def current(self, visitor: str, activity: Activity) -> Turn | None:
        """The visitor's turn, announced or going."""
        key = (visitor, activity)
        with self._lock:
            return self._announced.get(key) or self._going.get(key)

    def stop(self, visitor: str, *activities: Activity) -> None:
        """Ask these turns to end and deliver, if there are any; without activities, all of them."""
        for activity in activities or ACTIVITIES:
            turn = self.current(visitor, activity)
            if turn is not None:
                turn.stop()

    def leave(self, visitor: str, *activities: Activity) -> None:
        """Drop what the visitor had going: they turned to something else or, without activities, closed the page."""
        with self._lock:
            keys = [(visitor, activity) for activity in activities or ACTIVITIES]
            left = [turns.pop(key, None) for key in keys for turns in (self._announced, self._going)]
        for turn in left:
            if turn is not None:
                turn.drop()
        if not activities:
            self.audience.forget(visitor)


@dataclass
class _Upload:
    """One visitor's recording; `lock` is held while it is being decoded."""

    lock: Lock = field(default_factory=Lock)
    state: tuple[str, int, int, Part] | None = None  # path, time of change, size and part of what was decoded
    heard: Heard | None = None


@dataclass(frozen=True)
class Part:
    """What of a recording is to be heard, in seconds."""

    start: float = 0.0
    seconds: float = float(MOST_SECONDS)


WHOLE = Part()


def decoded(file: str, part: Part = WHOLE) -> Heard:
    """A part of the recording in `file`.

    Raises AudioError; KeptNoLongerError for a file that the page has let go; CrowdedError for a large recording
    while visitors before hold as much as there is memory for.
    """
    still_kept(file)
    with AT_ONCE:
        heard = read(file, part.seconds, part.start)
        memory.trim()
        with _live_lock:
            if _bytes(heard) > LARGE and _bytes(heard) + sum(map(_bytes, _live)) > MOST_LIVE:
                raise CrowdedError(FULL_MEMORY)
            _live.add(heard)
        return heard


def still_kept(*files: str | Path | None) -> None:
    """Raises KeptNoLongerError where the page has let one of the files go."""
    if not all(Path(file).is_file() for file in files if file):
        raise KeptNoLongerError(KEPT_NO_LONGER)


class KeptNoLongerError(ValueError):
    """An upload is gone from the server: it was kept for an hour."""


class Recordings:
    """The recording that every visitor brought last, decoded once, for the visitors seen last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._uploads: OrderedDict[str, _Upload] = OrderedDict()

    def __len__(self) -> int:
        return len(self._uploads)

    def heard(self, visitor: str, file: str, part: Part = WHOLE) -> Heard:
        """A part of the recording in `file`; decoded if it is another one, or has changed. Raises AudioError."""
        with self._lock:
            upload = self._uploads.setdefault(visitor, _Upload())
            self._uploads.move_to_end(visitor)
            while len(self._uploads) > MOST_RECORDINGS:
                self._uploads.popitem(last=False)
        with upload.lock:
            told = Path(file).stat() if Path(file).is_file() else None
            state = (file, told.st_mtime_ns, told.st_size, part) if told else None
            if upload.heard is None or state is None or state != upload.state:
                upload.heard = None  # a file that cannot be read leaves nothing behind
                upload.heard, upload.state = decoded(file, part), state
            heard = upload.heard
        self._bound(upload)
        return heard

    def _bound(self, last: _Upload) -> None:
        """Let the oldest go, never the last one, until the rest is no more than may be kept."""
        with self._lock:
            kept = [(visitor, one) for visitor, one in self._uploads.items() if one is not last and one.heard]
            total = sum(_bytes(one.heard) for _, one in [*kept, ("", last)])
            for visitor, one in kept:
                if total > MOST_DECODED:
                    total -= _bytes(one.heard)
                    del self._uploads[visitor]

    def forget(self, visitor: str) -> None:
        """The visitor has left."""
        with self._lock:
            self._uploads.pop(visitor, None)


def _bytes(heard: Heard | None) -> int:
    return 0 if heard is None else heard.recording.samples.nbytes + heard.mono.nbytes


def prefix() -> str:
    """What the names of this process's temporary folders begin with."""
    return f"{FOLDERS}{os.getpid()}-"


def settle() -> Folder:
    """Give Gradio a folder of this process alone, as long as what is returned is held; for the start.

    Below GRADIO_TEMP_DIR, or the temporary folder. What processes that are gone have left there goes first.
    """
    place = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
    place.mkdir(parents=True, exist_ok=True)
    for one in {place, Path(tempfile.gettempdir())}:
        sweep(one)
    folder = Folder(place)
    os.environ["GRADIO_TEMP_DIR"] = str(folder.path)
    return folder


def folders() -> list[Path]:
    """Every folder that this process keeps visitors' files in: results, and Gradio's if it has one of its own."""
    uploads = Path(os.environ.get("GRADIO_TEMP_DIR", ""))
    own = [uploads] if uploads.name.startswith(prefix()) else []
    return [*own, *(one for one in Path(tempfile.gettempdir()).glob(f"{prefix()}*") if one not in own)]


def sweep(place: Path) -> list[Path]:
    """Remove what processes that are gone have left in a folder; for the start, before anything is made."""
    left = []
    for folder in place.glob(f"{FOLDERS}*-*"):
        owner = folder.name.removeprefix(FOLDERS).partition("-")[0]
        if owner.isdecimal() and (int(owner) == os.getpid() or not _alive(int(owner))):
            shutil.rmtree(folder, ignore_errors=True)
            left.append(folder)
    return left


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


class Folder:
    """A folder for files of one visitor, removed with everything in it when nobody holds this any more."""

    def __init__(self, place: Path | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=prefix(), dir=place))
        self._remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def remove(self) -> None:
        """At once."""
        self._remove()


@contextmanager
def writing() -> Iterator[Folder]:
    """A new folder to write files into; if that fails, it is gone before the error is told."""
    folder = Folder()
    try:
        yield folder
    except BaseException:
        folder.remove()
        raise
