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

BLOCK = 1 << 18  # samples of a channel that are decoded at a time
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
            piece = self._read(min(length, self.frames - done), held)
            done += piece.shape[1] - held.shape[1]
            held = piece[:, piece.shape[1] - overlap :].copy()
            yield torch.from_numpy(piece)
            del piece
            if done >= self.frames:
                return

    def _read(self, frames: int, before: np.ndarray | None = None) -> np.ndarray:
        """So many samples behind those `before` them."""
        at = 0 if before is None else before.shape[1]
        samples = np.empty((self.channels, at + max(0, frames)), np.float32)
        if before is not None:
            samples[:, :at] = before
        end = at + min(frames, self.frames)
        while at < end:
            block = self.file.read(min(BLOCK, end - at), dtype="float32", always_2d=True).T
            if not block.shape[1]:
                raise AudioError(f"{self.name} ends before its own header says; export it again")
            if not max(block.max(), -block.min()) <= LOUDEST or not np.isfinite(block).all():
                raise AudioError(
                    f"{self.name} holds samples that are no sound (infinite or not a number); export it again"
                )
            samples[:, at : at + block.shape[1]] = block
            at += block.shape[1]
        return samples[:, :at]


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
