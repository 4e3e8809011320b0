"""Scores of separated mixtures of held-out recordings: spectral SNR, envelope distance, SIR and SI-SDR.

With a file the results are kept after every batch, and the same request goes on where a stopped one was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bssdemo.bench.methods import Row, Separator, Setting, fingerprints, rows, runnable, sharing_of
from bssdemo.bench.records import Record, Results, read, write
from bssdemo.bench.runner import score, to_records
from bssdemo.bench.spread import drawn, in_order
from bssdemo.data.mixtures import fingerprint
from bssdemo.machine.describe import describe
from bssdemo.machine.tasks import Place

LARGEST_GAIN = 60  # dB; sources further apart are silence to each other
# what decides the values, beside the recordings and the networks: a file holds results of one choice of these
DECIDING = ("split", "seed", "gain_range", "preset", "steps", "starts", "start", "gain", "without")

# names of the rows in work, mixtures in all, mixtures done -> a block in which it is told how many more are done
Watch = Callable[[Sequence[str], int, int], AbstractContextManager[Callable[[float], object]]]


class BenchError(ValueError):
    """The benchmark cannot run as asked; the message says what to change."""


@dataclass(frozen=True)
class Asked:
    """A benchmark to run: which rows (None: all that there are networks for), on which recordings.

    `file` keeps the results; what it holds already is not run again, unless `fresh`. `labels` make the run a row of
    tables of their own (bench/ablations.py) and decide no value.
    """

    setting: Setting
    data: Path
    rows: tuple[str, ...] | None
    mixtures: int = 50
    batch: int = 16  # mixtures solved at once
    file: Path | None = None
    fresh: bool = False
    labels: tuple[str, ...] = ()


def unwatched(
    names: Sequence[str], total: int, done: int
) -> AbstractContextManager[Callable[[float], object]]:
    """Nobody looks how far it is."""
    return nullcontext(lambda mixtures: None)


def run(asked: Asked, watch: Watch = unwatched, place: Place | None = None) -> Results:
    """Draw, separate, score; at `place`, else in this process.

    Raises ValueError, BenchError among them, with one plain line for the person who asked.
    """
    _check(asked)
    setting, file = asked.setting, asked.file
    settings = {"sources": list(setting.sources), **{name: getattr(setting, name) for name in DECIDING}}
    settings |= {"without": list(setting.without), "label": list(asked.labels) or None}
    settings |= {"people": True} if setting.people else {}
    settings |= {} if setting.leash is None else {"leash": setting.leash}
    kept = None if asked.fresh or file is None or not file.exists() else read(file)
    _must_match(file, "settings", settings, kept)
    known = rows()
    names = runnable(setting) if asked.rows is None else asked.rows
    for name in names:
        if name not in known:
            raise BenchError(f"there is no method called '{name}'; available: {', '.join(known)}, or all")
    prints = fingerprints(setting) if any(known[name].searches for name in names) else {}
    mix, refs = drawn(asked.data, setting, asked.mixtures)
    prints["first mixture"] = fingerprint(refs)
    _must_match(file, "fingerprints", prints, kept)
    results = Results(settings) if kept is None else replace(kept, settings=settings)
    if file is not None:  # before the long run: a place that cannot be written is told at once
        file.parent.mkdir(parents=True, exist_ok=True)
        if kept is not None and kept.settings != settings:
            write(file, results)
    todo = [(name, known[name], results.done(name)) for name in names if results.done(name) < len(mix)]
    if todo:
        this_run = {"methods": [name for name, *_ in todo], "batch": asked.batch, **describe()}
        results = results.joined_by(this_run, prints)
    share = sharing_of(setting)
    for separator, members, done in _shared(todo):
        separate = separator.prepared(setting)  # also where others do the work: what lacks is told at once
        with watch(list(members), len(mix), done) as advance:
            if place is None:
                batches = score(
                    separate, members, mix, refs, setting.sources, asked.batch, advance, done, share
                )
                found: Iterator[list[Record]] = (
                    [record for one in scored for record in to_records(one, setting.sources)]
                    for scored in batches
                )
            else:
                found = _elsewhere(place, asked, tuple(members), done, advance)
            for records in found:
                results = results.extended(records)
                if file is not None:
                    write(file, results)
    return results


def _elsewhere(
    place: Place, asked: Asked, names: tuple[str, ...], done: int, advance: Callable[[float], object]
) -> Iterator[list[Record]]:
    """The records of one batch after the other, as other processes find them."""
    for count, records in in_order(
        place, asked.setting, asked.data, names, done, asked.mixtures, asked.batch
    ):
        advance(count)
        yield records


def _shared(todo: Sequence[tuple[str, Row, int]]) -> list[tuple[Separator, dict[str, Row], int]]:
    """Rows that one run of a separator serves: those with the same one that have come equally far."""
    groups: dict[tuple[Separator, int], dict[str, Row]] = {}
    for name, row, done in todo:
        groups.setdefault((row.separator, done), {})[name] = row
    return [(separator, members, done) for (separator, done), members in groups.items()]


def _check(asked: Asked) -> None:
    setting = asked.setting
    counts = {
        "mixtures": asked.mixtures,
        "batch": asked.batch,
        "steps": setting.steps,
        "starts": setting.starts,
    }
    for option, value in counts.items():
        if value is not None and value < 1:
            raise BenchError(f"--{option} must be at least 1, got {value}")
    if not 0 <= setting.gain_range <= LARGEST_GAIN:
        raise BenchError(f"--gain-range must lie between 0 and {LARGEST_GAIN} dB, got {setting.gain_range}")
    if not 0 <= setting.seed < 2**31:
        raise BenchError(f"--seed must lie between 0 and 2147483647, got {setting.seed}")
    if asked.file is not None and asked.file.is_dir():
        raise BenchError(f"--json needs the name of a file, and {asked.file} is a folder")


def _must_match(file: Path | None, part: str, wanted: dict[str, Any], kept: Results | None) -> None:
    """A file's values and new ones must come from the same settings, recordings and networks."""
    if kept is None:
        return
    had = {name: value for name, value in getattr(kept, part).items() if name != "label"}
    wanted = {name: value for name, value in wanted.items() if name != "label"}
    differing = [name for name in wanted if name in had and had[name] != wanted[name]]
    if part == "settings":
        differing += sorted(had.keys() ^ wanted.keys())
    if differing:
        told = ", ".join(f"{name} {had.get(name)} there, {wanted.get(name)} now" for name in differing)
        raise BenchError(
            f"{file} holds results of another run ({told}): name another file, or add --fresh to replace it"
        )
