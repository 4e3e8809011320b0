"""A benchmark's results as one JSON file: what was asked, where it ran, and every single value.

The file is rewritten after every batch of mixtures, so what it holds is also how far the run has come.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from bssdemo.machine.files import write_text

T = TypeVar("T")

FORMAT = 2  # 1 was a list of records without values
LIMIT = 300.0  # dB; what a perfect stem counts as, for means to stay finite
DECIMALS = 3  # of decibels
DECIMALS_OF = {"envelope_distance": 5}


class RecordError(ValueError):
    """A file of results cannot be read or used; the message names it."""


@dataclass(frozen=True)
class Record:
    """The scores of one method, stem and metric; `values` has one per mixture, None where it has none.

    `sources` is the combination as given, "digit,piano"; `stem` its source, numbered when it occurs twice;
    `seconds` is the method's wall time per mixture, the metrics' own time left out.
    """

    sources: str
    method: str
    stem: str
    metric: str
    values: tuple[float | None, ...]
    seconds: float

    @property
    def scored(self) -> list[float]:
        """The values that are there."""
        return [value for value in self.values if value is not None]

    @property
    def n(self) -> int:
        """How many mixtures have a value."""
        return len(self.scored)

    @property
    def mean(self) -> float | None:
        """Of the mixtures that have a value; None where none has."""
        return statistics.fmean(self.scored) if self.n else None

    @property
    def median(self) -> float | None:
        """Of the mixtures that have a value; None where none has."""
        return statistics.median(self.scored) if self.n else None

    def then(self, later: Record) -> Record:
        """This record with the values of `later`, the same cell on further mixtures, after its own."""
        values = (*self.values, *later.values)
        spent = self.seconds * len(self.values) + later.seconds * len(later.values)
        return replace(self, values=values, seconds=spent / len(values))


@dataclass(frozen=True)
class Results:
    """Everything a file holds.

    `settings` decide the values: two runs may share a file only if these are equal. `fingerprints` tell whether
    recordings and networks are still the same. `runs` has an entry for every process that added values: its
    methods, batch, machine and date.
    """

    settings: Mapping[str, Any]
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[Mapping[str, Any], ...] = ()
    records: tuple[Record, ...] = ()

    @property
    def sources(self) -> str:
        """The combination, "digit,piano"."""
        return ",".join(self.settings["sources"])

    def done(self, method: str) -> int:
        """How many mixtures the method has been scored on."""
        return next((len(record.values) for record in self.records if record.method == method), 0)

    def joined_by(self, run: Mapping[str, Any], fingerprints: Mapping[str, str]) -> Results:
        """With one more process that adds values, and what its recordings and networks are."""
        return replace(self, runs=(*self.runs, run), fingerprints={**self.fingerprints, **fingerprints})

    def extended(self, later: Iterable[Record]) -> Results:
        """With further values: after those of the same cell, or as new cells."""
        cells = {_cell(record): record for record in self.records}
        for record in later:
            earlier = cells.get(_cell(record))
            cells[_cell(record)] = record if earlier is None else earlier.then(record)
        return replace(self, records=tuple(cells.values()))


def rounded(value: float, metric: str) -> float | None:
    """A value as it is kept: None for NaN, at most 300 dB either way, three decimals, five of a distance."""
    if math.isnan(value):
        return None
    return round(min(max(value, -LIMIT), LIMIT), DECIMALS_OF.get(metric, DECIMALS))


def write(file: Path, results: Results) -> None:
    """One JSON object, a line for every record; the file is replaced at once or not at all."""
    heads = {
        "format": FORMAT,
        "settings": results.settings,
        "fingerprints": results.fingerprints,
        "runs": results.runs,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}," for key, value in heads.items()]
    rows = ",\n".join(json.dumps(_row(record), allow_nan=False) for record in results.records)
    text = "{\n" + "\n".join(lines) + f'\n"records": [\n{rows}\n]\n}}\n'
    write_text(file, text)


def read(file: Path) -> Results:
    """What `write` wrote. Raises RecordError, naming the file, for anything else."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"{file}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise RecordError(f"{file}: is not valid JSON ({error})") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise RecordError(
            f"{file}: is not a file of `bench audio --json` in format {FORMAT}; make it again, with --fresh"
        )
    try:
        return _results(data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RecordError(f"{file}: lacks a part of a benchmark's results ({error})") from error


def _results(data: Mapping[str, Any]) -> Results:
    """Raises KeyError or TypeError for a part that is missing or of a wrong type."""
    settings, fingerprints = _typed(data, "settings", dict), _typed(data, "fingerprints", dict)
    runs = tuple(_typed({"a run": run}, "a run", dict) for run in _typed(data, "runs", list))
    if not all(isinstance(name, str) for name in _typed(settings, "sources", list)):
        raise TypeError("sources must be texts")
    results = Results(settings, fingerprints, runs)
    rows = [_typed({"a record": row}, "a record", dict) for row in _typed(data, "records", list)]
    return replace(results, records=tuple(_record(results.sources, row) for row in rows))


def _typed(data: Mapping[str, Any], key: str, kind: type[T] | tuple[type[T], ...]) -> T:
    value = data[key]
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{key} is {str(value)[:40]!r}")
    return value


def _cell(record: Record) -> tuple[str, str, str]:
    return record.method, record.stem, record.metric


def _row(record: Record) -> dict[str, Any]:
    digits = DECIMALS_OF.get(record.metric, DECIMALS)
    mean, median = (None if v is None else round(v, digits) for v in (record.mean, record.median))
    return {
        "method": record.method,
        "stem": record.stem,
        "metric": record.metric,
        "mean": mean,
        "median": median,
        "n": record.n,
        "seconds": round(record.seconds, 4),
        "values": record.values,
    }


def _record(sources: str, row: Mapping[str, Any]) -> Record:
    method, stem, metric = (_typed(row, key, str) for key in ("method", "stem", "metric"))
    values = _typed(row, "values", list)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise TypeError(f"values hold {str(value)[:40]!r}")
    seconds: float = _typed(row, "seconds", (int, float))
    if not all(math.isfinite(number) for number in (seconds, *(v for v in values if v is not None))):
        raise TypeError("a value is not finite")
    return Record(sources, method, stem, metric, tuple(values), seconds)
