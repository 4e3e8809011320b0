"""The benchmark's results as a list of flat records: one per method, stem and metric; JSON on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path


class RecordError(ValueError):
    """A file of results cannot be read or used; the message names it."""


@dataclass(frozen=True)
class Record:
    """One cell: `mean` and `median` over the `n` mixtures with a score (None where there is none, or an infinite one).

    `sources` is the combination as given, "digit,piano"; `stem` its source, numbered when it occurs twice;
    `seconds` is the method's wall time per mixture, the metrics' own time left out.
    """

    sources: str
    method: str
    stem: str
    metric: str
    mean: float | None
    median: float | None
    n: int
    seconds: float


def write(file: Path, records: Iterable[Record]) -> None:
    """A JSON list of objects with exactly the fields of `Record`; the file is replaced at once or not at all."""
    partial = file.with_name(f"{file.name}.partial")
    text = json.dumps([asdict(record) for record in records], indent=1, allow_nan=False)
    partial.write_text(text + "\n", encoding="utf-8")
    os.replace(partial, file)


def read(files: Sequence[Path]) -> list[Record]:
    """The records of several files, in order. Raises RecordError for a file that `write` did not make."""
    keys = {field.name for field in fields(Record)}
    records = []
    for file in files:
        try:
            rows = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise RecordError(f"{file}: cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise RecordError(f"{file}: is not valid JSON ({error})") from error
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and row.keys() == keys for row in rows
        ):
            raise RecordError(f"{file}: is not a list of benchmark records ({', '.join(sorted(keys))})")
        records += [Record(**row) for row in rows]
    return records
