"""Clips to train and test with: the shared layout, or any folder of audio.

The shared layout is one `digits.flac` + `digits.csv` per kind, clips of 16,384 samples end to end (see
docs/guide/data.md for the columns). A plain folder is read file by file: mono,
16 kHz, cut into windows of 16,384 samples, the last one zero-padded.

Splits: `test` is held out by the layout (whole speakers, kits, pieces). `valid` is a part of the training
split, again whole groups, for choosing settings. A plain folder gives every twelfth file to each of the two,
or every twelfth stretch of eight windows when it holds few files.
"""

from __future__ import annotations

import csv
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from bssdemo.audio import SAMPLE_RATE, AudioError, read, to_mono_16k
from bssdemo.audio.format import SAMPLES

Split = Literal["train", "valid", "test"]
SHARED_NAMES = {"digit": "digits", "groove": "drumloop"}  # a prior's name -> its file's, where they differ
SHARED_SUFFIXES = ("flac", "ogg")
VALID_SHARE = 0.08  # of the training split's groups
VALID_SALT = "valid-41:"  # this salt gives every shared kind 3-9 % of its clips from 4 or more groups
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".opus", ".m4a"})


MOST_SECONDS = 3600  # of one recording in a plain folder
MANY_FILES = 24  # from this number on a plain folder is split by files, below it by stretches of them
UNIT_WINDOWS = 8  # windows in such a stretch
SILENT_PEAK = 30  # of 32,768: a window that never exceeds it is left out, silence teaches nothing

log = logging.getLogger(__name__)


class DataError(ValueError):
    """The data cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Clips:
    """`audio` int16 (n, 16384); row i is of class `label[i]` and of group `group[i]`.

    `follows[i]` is true where row i continues row i - 1 (consecutive slices of one recording), so
    that training may crop at any offset across the seam.
    """

    audio: np.ndarray
    label: np.ndarray
    group: np.ndarray
    follows: np.ndarray

    def __len__(self) -> int:
        return len(self.audio)


def _bucket(text: str) -> float:
    """A number in [0, 1) that depends on the text alone, the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


def _split_of(group: str, declared: str) -> Split:
    if declared == "test":
        return "test"
    return "valid" if _bucket(VALID_SALT + group) < VALID_SHARE else "train"


def load_clips(data: Path, name: str, split: Split) -> Clips:
    """The clips of one kind and split. `data` holds `<name>.flac`, or a folder `<name>/`, or is a folder of audio.

    Raises DataError when there is nothing to read or the split is empty; files that cannot be used are logged.
    """
    data = Path(data)
    stem = SHARED_NAMES.get(name, name)
    shared = [path for suffix in SHARED_SUFFIXES if (path := data / f"{stem}.{suffix}").is_file()]
    if shared:
        clips = _load_shared(shared[0], data / f"{stem}.csv", split)
    else:
        clips = _load_folder(_folder_of(data, name), split)
    if not len(clips):
        raise DataError(f"no {split} clips for '{name}' in {data}: add more recordings")
    return clips


def load_named(data: Path, name: str, split: Split) -> Clips:
    """`load_clips` where several kinds are asked for: a plain folder of audio is of one kind, not of each."""
    if not is_there(data, name):
        raise DataError(f"no recordings of '{name}' in {data}: it needs a folder {name} for them")
    return load_clips(data, name, split)


def is_there(data: Path, name: str) -> bool:
    """Whether `data` holds a file or a folder of this kind."""
    stem = SHARED_NAMES.get(name, name)
    return (data / name).is_dir() or any((data / f"{stem}.{suffix}").is_file() for suffix in SHARED_SUFFIXES)


def _folder_of(data: Path, name: str) -> Path:
    """`data/name` if there is one, else `data` itself, unless that is a layout of other kinds."""
    if (data / name).is_dir():
        return data / name
    shared = (p for suffix in SHARED_SUFFIXES for p in data.glob(f"*.{suffix}"))
    others = [p.stem for p in shared if p.with_suffix(".csv").is_file()]
    if others:
        raise DataError(f"no recordings of '{name}' in {data}, which holds {', '.join(sorted(others))}")
    return data


def _load_shared(flac: Path, table: Path, split: Split) -> Clips:
    if not table.is_file():
        raise DataError(f"{flac.name} is there but {table.name} is missing beside it")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    audio, rate = soundfile.read(flac, dtype="int16")
    if rate != SAMPLE_RATE or audio.ndim != 1 or len(audio) < SAMPLES * len(rows):
        raise DataError(f"{flac} must be mono, 16 kHz and hold {len(rows)} clips of {SAMPLES} samples")
    audio = audio[: SAMPLES * len(rows)].reshape(len(rows), SAMPLES)
    keep = np.array([_split_of(row["source"], row["split"]) == split for row in rows], dtype=bool)
    groups = np.array([row["source"] for row in rows])
    continues = np.array([_continues(before, row) for before, row in zip([None, *rows], rows, strict=False)])
    return Clips(
        audio=audio[keep],
        label=np.array([row["label"] for row in rows])[keep],
        group=groups[keep],
        follows=_within(continues, keep),
    )


def _continues(before: dict[str, str] | None, row: dict[str, str]) -> bool:
    """The path column of a slice ends in '@offset'; the next slice is one window further."""
    if before is None or "@" not in row["path"] or "@" not in before["path"]:
        return False
    (path_a, _, a), (path_b, _, b) = before["path"].rpartition("@"), row["path"].rpartition("@")
    return path_a == path_b and a.isdigit() and b.isdigit() and int(b) - int(a) == SAMPLES


def _within(continues: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """`continues` after dropping rows: true only where the row before was kept too."""
    before_kept = np.concatenate([[False], keep[:-1]])
    return (continues & before_kept)[keep]


def _load_folder(folder: Path, split: Split) -> Clips:
    if not folder.is_dir():
        raise DataError(f"no such folder of audio: {folder}")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)
    if not paths:
        raise DataError(f"no audio files in {folder} (looked for {', '.join(sorted(AUDIO_SUFFIXES))})")
    whole_files = len(paths) >= MANY_FILES
    audio, label, group = [], [], []
    units = 0
    for path in paths:
        windows = _windows(path, str(path.relative_to(folder)))
        size = len(windows) if whole_files else UNIT_WINDOWS
        for start in range(0, len(windows), max(1, size)):
            if _folder_split(units) == split:
                unit = windows[start : start + size]
                audio += unit
                label += [path.parent.name if path.parent != folder else ""] * len(unit)
                group += [f"{path.relative_to(folder)}@{start}"] * len(unit)
            units += 1
    groups = np.array(group)
    return Clips(
        audio=np.array(audio, dtype=np.int16).reshape(-1, SAMPLES),
        label=np.array(label),
        group=groups,
        follows=np.concatenate([[False], groups[1:] == groups[:-1]])[: len(groups)],
    )


def _folder_split(unit: int) -> Split:
    """Of every twelve units one is for testing and one for choosing settings."""
    return {11: "test", 5: "valid"}.get(unit % 12, "train")  # type: ignore[return-value]


def _windows(path: Path, name: str) -> list[np.ndarray]:
    """A file's windows, int16 with the file's peak at 0.95; none, with a line in the log, if it is no sound."""
    try:
        recording = read(path, most_seconds=MOST_SECONDS)
        samples = to_mono_16k(recording).numpy()
    except AudioError as error:
        log.warning("left out %s: %s", name, error)
        return []
    if recording.note:
        log.warning("%s: %s", name, recording.note)
    count = max(1, round(len(samples) / SAMPLES))
    padded = np.zeros(count * SAMPLES, dtype=np.float32)
    padded[: min(len(samples), len(padded))] = samples[: len(padded)]
    windows = np.round(padded / np.abs(padded).max() * 31_000).astype(np.int16).reshape(count, SAMPLES)
    return [window for window in windows if np.abs(window.astype(np.int32)).max() > SILENT_PEAK]


def peak_normalised(audio: np.ndarray) -> np.ndarray:
    """int16 or float (n, samples) -> float32 with every row's largest magnitude 1 (silence stays 0)."""
    audio = audio.astype(np.float32)
    peak = np.abs(audio).max(axis=-1, keepdims=True)
    return audio / np.maximum(peak, 1e-9)
