"""A folder run: the files cut into tasks, spread over processes, told one by one, and summed up in a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bssdemo.folders.found import Entry
from bssdemo.folders.work import Asked, Outcome, State, Task, do, key
from bssdemo.machine import precision
from bssdemo.machine.files import write_text
from bssdemo.machine.tasks import Place

SUMMARY = "summary.csv"  # in the folder of all results
FILES_AT_ONCE = 8  # at most, in a task
TASKS = 8  # at least, where there are files enough: processes share them evenly


def plan(asked: Asked, entries: Sequence[Entry]) -> list[Task]:
    """Tasks of neighbouring files: a matter of the list alone, so stems do not depend on who makes them.

    Raises ValueError with a sentence where the method or its networks are not there.
    """
    told, computed = key(asked), precision.name(precision.for_search())
    size = min(FILES_AT_ONCE, max(1, len(entries) // TASKS))
    return [
        Task(asked, tuple(entries[first : first + size]), told, computed)
        for first in range(0, len(entries), size)
    ]


def separate(asked: Asked, entries: Sequence[Entry], place: Place) -> Iterator[Outcome]:
    """What became of each file, as soon as it is known. Raises what `plan` raises."""
    for task, outcomes in place(do, plan(asked, entries)):
        if outcomes is None:
            told = "the process that worked on it died several times, perhaps for want of memory"
            outcomes = [Outcome(entry, "failed", told=told) for entry in task.entries]
        yield from outcomes


@dataclass
class Summary:
    """What a run did, file by file."""

    outcomes: list[Outcome] = field(default_factory=list)

    def count(self, state: State) -> int:
        """Files that ended so."""
        return sum(outcome.state == state for outcome in self.outcomes)

    @property
    def audio(self) -> float:
        """Seconds of sound that this run separated."""
        return sum((outcome.audio for outcome in self.outcomes if outcome.state == "done"), 0.0)

    def write(self, out: Path) -> Path:
        """A table of all files into `out`, in the order of their places. Raises OSError."""
        stream = io.StringIO()
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["file", "result", "state", "audio_seconds", "work_seconds", "told"])
        for one in sorted(self.outcomes, key=lambda outcome: outcome.entry.place):
            table.writerow(
                [
                    one.entry.file,
                    one.entry.place.as_posix(),
                    one.state,
                    one.audio,
                    round(one.work, 3),
                    one.told,
                ]
            )
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / SUMMARY, stream.getvalue())
        return out / SUMMARY
