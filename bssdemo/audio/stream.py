"""A sound file piece by piece: for recordings that are too long to lie in memory.

What libsndfile does not know is decoded by ffmpeg onto a disk first.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.decode import (
    FASTEST,
    FFMPEG_FORMATS,
    LOUDEST,
    SLOWEST,
    AudioError,
    note_of,
    subwoofers,
)
from bssdemo.audio.depth import bits_of
from bssdemo.audio.headers import Header, Mended, read_header

FFMPEG_PACE = 0.5  # seconds of wall clock for one of sound, at most


@dataclass(frozen=True, eq=False)
class Stream:
    """An open recording: `frames` of it are to be read. `note` and `low` as a Recording has them."""

    file: soundfile.SoundFile
    name: str
    frames: int
    note: str | None
    low: tuple[int, ...]

    @property
    def sample_rate(self) -> int:
        """In Hz, as in the file."""
        return int(self.file.samplerate)

    @property
    def channels(self) -> int:
        """As in the file."""
        return int(self.file.channels)

    @property
    def bits(self) -> int:
        """The depth that the file's samples have, and what is made of them: 16, 24 or 32 (depth.py)."""
        return bits_of(self.file.subtype, 1.0)

    def pieces(self, length: int, overlap: int = 0) -> Iterator[Float[Tensor, "channels samples"]]:
        """All that is to be read, `length` samples at a time, each piece with the `overlap` samples that follow it.

        The last one may be shorter, but has more than `overlap` samples, unless there is only one. Raises AudioError
        for samples that are no sound, and for a file that ends before its header says.
        """
        self.file.seek(0)
        held = self._read(overlap)
        done = held.shape[1]
        while True:
            fresh = self._read(min(length, self.frames - done))
            done += fresh.shape[1]
            piece = np.concatenate([held, fresh], 1)
            yield torch.from_numpy(piece)
            if done >= self.frames:
                return
            held = piece[:, piece.shape[1] - overlap :].copy()

    def _read(self, frames: int) -> np.ndarray:
        samples = self.file.read(max(0, frames), dtype="float32", always_2d=True).T
        if samples.shape[1] < min(frames, self.frames):
            raise AudioError(f"{self.name} ends before its own header says; export it again")
        if samples.size and (not np.isfinite(samples).all() or np.abs(samples).max() > LOUDEST):
            raise AudioError(
                f"{self.name} holds samples that are no sound (infinite or not a number); export it again"
            )
        return np.ascontiguousarray(samples)


@contextmanager
def opened(path: Path, most_seconds: int) -> Iterator[Stream]:
    """The first `most_seconds` of a recording. Raises AudioError with a sentence for its owner."""
    with tempfile.TemporaryDirectory(prefix="bssdemo-") as aside, ExitStack() as stack:
        try:
            file, header = stack.enter_context(_opened(path))
        except (soundfile.SoundFileError, TypeError):
            converted = _decoded(path, Path(aside) / "decoded.wav", most_seconds)
            file, header = stack.enter_context(_opened(converted))
        if not SLOWEST <= file.samplerate <= FASTEST:
            raise AudioError(f"{path.name} has a sample rate of {file.samplerate} Hz")
        most = min(file.frames, most_seconds * file.samplerate)
        note = note_of(most / file.samplerate, file.frames > most, header.unfinished and most > 0)
        yield Stream(file, path.name, most, note, subwoofers(header, file))


def size(path: Path) -> tuple[float, int] | None:
    """(seconds, values) that a file holds as its header says; None where only ffmpeg could tell, or nobody."""
    try:
        with _opened(path) as (told, _):
            return told.frames / told.samplerate, told.frames * told.channels
    except (soundfile.SoundFileError, TypeError, OSError):
        return None


@contextmanager
def _opened(path: Path) -> Iterator[tuple[soundfile.SoundFile, Header]]:
    """A file that libsndfile knows, and what its header says; a length that was never written is its real one."""
    with path.open("rb") as file:
        header = read_header(file, file.seek(0, io.SEEK_END))
        with soundfile.SoundFile(Mended(file, header.changes) if header.unfinished else str(path)) as sound:
            yield sound, header


def _decoded(path: Path, into: Path, most_seconds: int) -> Path:
    program = shutil.which("ffmpeg")
    command = [str(program), "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe"]
    command += ["-format_whitelist", FFMPEG_FORMATS, "-i", f"file:{path}", "-map", "0:a:0"]
    command += ["-t", str(most_seconds + 1), "-c:a", "pcm_s16le", "-rf64", "auto", str(into)]
    try:
        if program is not None:
            subprocess.run(command, capture_output=True, timeout=60 + FFMPEG_PACE * most_seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise AudioError(f"{path.name} takes too long to decode; export it as WAV and try again") from error
    if not into.is_file() or not into.stat().st_size:
        raise AudioError(f"{path.name} is not a sound file that can be read; WAV, FLAC, MP3 and OGG work")
    return into
