"""Which recordings a person means by folders, files and tables, and where the result of each goes.

The list is made once, of names alone: nothing is opened before its turn, so 100,000 files take seconds.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SOUNDS = "wav wave w64 rf64 flac ogg oga opus mp3 aiff aif aifc au caf m4a aac wma"
FILMS = "mp4 webm mka mkv mov avi"
SUFFIXES = frozenset(
    f".{ending}" for ending in f"{SOUNDS} {FILMS}".split()
)  # of what counts as a recording within a folder; a file named by itself may have any
TABLE = ".csv"
COLUMN = "path"  # of a table, where it has a heading


@dataclass(frozen=True)
class Entry:
    """One recording and the folder of its result, within the folder of all results."""

    file: Path
    place: Path


def find(asked: Sequence[Path], out: Path) -> list[Entry]:
    """Every recording of folders (recursively, their tree kept), of tables (.csv) and of files, in a fixed order, once.

    A result's folder is called like its recording without suffix, and with it where two would share one. Hidden
    files, and the folder `out`, are left out. Raises ValueError with a sentence where something is not there, or
    there is nothing.
    """
    found: dict[str, tuple[Path, Path]] = {}
    for path in asked:
        if path.is_dir():
            files: Iterable[tuple[Path, Path]] = _recordings(path, out)
        elif path.suffix.lower() == TABLE:
            files = _listed(path)
        elif path.exists():
            files = [(path, Path(path.name))]
        else:
            raise ValueError(
                f"{path} is not there; name folders, sound files, or a .csv with a column of paths"
            )
        for file, place in files:
            found.setdefault(os.path.abspath(file), (file, place))
    if not found:
        raise ValueError(
            f"there is no recording in {', '.join(map(str, asked))}; files of these kinds count: "
            f"{' '.join(sorted(SUFFIXES))}"
        )
    return _placed(list(found.values()))


def _recordings(folder: Path, out: Path) -> Iterator[tuple[Path, Path]]:
    """(file, its place in the tree) for every suffix of a recording, a folder's files before those of its folders."""
    skipped = os.path.realpath(out)
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(os.path.join(parent, name)) != skipped
        )
        here = Path(parent)
        place = here.relative_to(folder)
        for name in sorted(files):
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES:
                yield here / name, place / name


def _listed(table: Path) -> Iterator[tuple[Path, Path]]:
    """The paths of a table: its column `path`, or its first; relative ones are relative to the table's folder."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            rows = [row for row in csv.reader(stream) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table} is no table of paths, as UTF-8 text with commas: {error}") from error
    column = rows[0].index(COLUMN) if rows and COLUMN in rows[0] else None
    for row in rows if column is None else rows[1:]:
        named = Path(row[column or 0].strip()) if len(row) > (column or 0) else Path()
        if named == Path():
            continue
        file = table.parent / named
        outside = named.is_absolute() or ".." in named.parts
        yield (
            file,
            Path(*[part for part in named.parts if part not in (named.anchor, "..")]) if outside else named,
        )


def _placed(files: Sequence[tuple[Path, Path]]) -> list[Entry]:
    """Each with a folder of its own: `a/mix.wav` -> `a/mix`, or `a/mix.wav` and `a/mix.flac` -> those, or numbered."""
    stems = [place.with_suffix("") for _, place in files]
    total = Counter(str(stem).casefold() for stem in stems)
    used: Counter[str] = Counter()
    entries = []
    for (file, place), stem in zip(files, stems, strict=True):
        chosen = stem if total[str(stem).casefold()] == 1 else place
        used[str(chosen).casefold()] += 1
        number = used[str(chosen).casefold()]
        entries.append(Entry(file, chosen if number == 1 else chosen.with_name(f"{chosen.name}-{number}")))
    return entries
