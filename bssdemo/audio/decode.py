"""Sound files -> samples: libsndfile first, ffmpeg for what it does not know (m4a, webm).

Everything a person may upload arrives here, so every failure is an AudioError in plain words, and
no file, whatever it claims to be, makes the program read more than it was allowed or MOST_VALUES.
Lengths are those of the decoded samples; what a header says of them is not believed.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.depth import bits_of
from bssdemo.audio.headers import Header, Mended, read_header, without_claims
from bssdemo.machine import memory
from bssdemo.machine.text import readable

MOST_SECONDS = (
    120  # of one recording, unless more is asked for; the rest is left out and `Recording.note` says so
)
MOST_VALUES = 60 * 2 * 384_000  # samples times channels: a minute at the fastest rate, 184 MB of float32
AT_ONCE = 2  # recordings that are decoded at the same time, whoever asks
SLOWEST, FASTEST = 4_000, 384_000  # sample rates in Hz that are believed
LOUDEST = 1e6  # far above full scale, also above 16-bit integers stored as floats
BLOCK = 1 << 18  # values decoded at a time
IN_MEMORY = 12_000_000  # values of a recording, 48 MB; a larger one lies in a file
FFMPEG_SECONDS = 60  # of wall clock
SUBWOOFER = {("FLAC", 6): (3,), ("FLAC", 7): (3,), ("FLAC", 8): (3,)} | {  # by the format's own order
    ("OGG", 6): (5,), ("OGG", 7): (6,), ("OGG", 8): (7,)
}  # fmt: skip
UNREAD = 8_192  # bytes that an MP3's decoder leaves at most, besides tags
UNFINISHED = "This file's length was never written, as when a recorder is cut off; it was read to its end."
# ffmpeg also reads playlists, which may name other files or addresses; these demuxers may not.
FFMPEG_FORMATS = (
    "mov,matroska,mp3,aac,flac,wav,w64,ogg,asf,amr,caf,aiff,au,ac3,eac3,ape,wv,tta,avi,flv,mpeg,mpegts"
)
IN_TIME = "aresample=async=1:first_pts=0"  # silence where a sound track begins late or has a gap
BESIDE = ["-map", "0:v:0", "-c:v", "copy", "-t", "1", "-f", "null", "-"]

_turns = threading.BoundedSemaphore(AT_ONCE)


class AudioError(ValueError):
    """A recording cannot be used; the message says why and what would work."""


@dataclass(frozen=True)
class Recording:
    """Samples as they are in the file, full scale being 1."""

    samples: Float[Tensor, "channels samples"]
    sample_rate: int
    note: str | None = None  # in plain words, what was left unread or guessed
    bits: int = 16  # 16, 24, or 32 for floats: the depth of the file, which its stems have too
    low: tuple[int, ...] = ()  # channels that the file says are for a subwoofer alone

    @property
    def seconds(self) -> float:
        """Length of what was read."""
        return self.samples.shape[1] / self.sample_rate


@dataclass(frozen=True)
class _Decoded:
    audio: np.ndarray  # (channels, N) float32
    peak: float  # the largest magnitude; not finite where a sample is not
    rate: int
    subtype: str
    cut: bool  # more was left unread
    unfinished: bool
    low: tuple[int, ...]


class _Forward(soundfile.SoundFile):
    """A file that is read from its beginning on, as far as samples come."""

    def seekable(self) -> bool:
        return False


def read(path: Path | str, most_seconds: int | float = MOST_SECONDS, start: int | float = 0.0) -> Recording:
    """The recording in a file of any format that libsndfile reads, else that ffmpeg reads.

    At most `most_seconds` of it from second `start` on; what was left out is in the recording's note.
    Raises AudioError for everything else: not there, empty, no sound file, no finite samples.
    """
    path = Path(path)
    name = readable(path.name)
    if not path.is_file():
        raise AudioError(f"{readable(path)} is not there or is not a file")
    try:
        if path.stat().st_size == 0:
            raise AudioError(f"{name} is an empty file")
        with _turns:
            decoded = _decoded(path, name, most_seconds, start)
    except OSError as error:
        raise AudioError(f"{name} cannot be read: {error.strerror or error}") from error
    if decoded is None:
        raise AudioError(f"{name} is not a sound file that can be read; WAV, FLAC, MP3 and OGG work")
    if decoded.audio.size == 0:
        raise AudioError(f"{name} holds no samples" if start == 0 else f"{name} ends before {start:.1f} s")
    if not decoded.peak <= LOUDEST:
        raise AudioError(
            f"{name} holds samples that are no sound (infinite or not a number); export it again"
        )
    if not SLOWEST <= decoded.rate <= FASTEST:
        raise AudioError(
            f"{name} has a sample rate of {decoded.rate} Hz; {SLOWEST} to {FASTEST} Hz can be read"
        )
    samples = torch.from_numpy(decoded.audio)
    seconds = decoded.audio.shape[1] / decoded.rate
    return Recording(
        samples,
        decoded.rate,
        note_of(seconds, decoded.cut, decoded.unfinished, start),
        bits_of(decoded.subtype, decoded.peak),
        decoded.low,
    )


def note_of(seconds: float, cut: bool, unfinished: bool, start: float = 0.0) -> str | None:
    """In plain words, what was left unread or guessed of a recording of which so many seconds were read."""
    left = f"Only the first {seconds:.0f} s of the recording were read." if cut else None
    if start > 0:
        left = f"Only {seconds:.1f} s of the recording were read, from {start:.1f} s on."
    return " ".join(filter(None, (UNFINISHED if unfinished else None, left))) or None


def subwoofers(header: Header, sound: soundfile.SoundFile) -> tuple[int, ...]:
    """The channels that a file says are for a subwoofer alone."""
    return header.low or SUBWOOFER.get((sound.format, sound.channels), ())


def _decoded(path: Path, name: str, most_seconds: int | float, start: int | float) -> _Decoded | None:
    with path.open("rb") as file:
        decoded = _decode(file, most_seconds, start)
    if decoded is not None:
        return decoded
    with tempfile.TemporaryFile() as converted:
        _ffmpeg(path, name, most_seconds, start, converted)
        return _decode(converted, most_seconds, subtype="of a decoder")


def _decode(
    file: BinaryIO, most_seconds: int | float, start: int | float = 0.0, subtype: str | None = None
) -> _Decoded | None:
    """What libsndfile reads, with `subtype` in place of the file's own; None if it does not know the file."""
    header = read_header(file, file.seek(0, io.SEEK_END))
    try:
        with _Forward(Mended(file, header.changes)) as sound:
            if sound.format != "MP3":
                audio, peak, cut = _samples(sound, most_seconds, start)
                unfinished = header.unfinished and audio.size > 0
                low = subwoofers(header, sound)
                kind = subtype or sound.subtype
                return _Decoded(audio, peak, sound.samplerate, kind, cut, unfinished, low)
        return _mp3(file, most_seconds, start)
    except (soundfile.SoundFileError, TypeError):  # TypeError: a name that means headerless samples
        return None


def _mp3(file: BinaryIO, most_seconds: int | float, start: int | float) -> _Decoded:
    """Its length is a guess from the first frames, or a claim; where it is too small the file is read without it."""
    for changes in ({}, without_claims(file)):
        seen = Mended(file, changes, endless=True)
        with _Forward(seen) as sound:
            audio, peak, cut = _samples(sound, most_seconds, start)
            decoded = _Decoded(audio, peak, sound.samplerate, sound.subtype, cut, False, ())
        if cut or seen.furthest >= seen.size - UNREAD:
            break
    return decoded


def _samples(
    sound: soundfile.SoundFile, most_seconds: int | float, start: int | float
) -> tuple[np.ndarray, float, bool]:
    """(channels, N) float32, their peak, and whether more was left unread."""
    most = min(round(most_seconds * sound.samplerate), MOST_VALUES // sound.channels)
    skipped = round(start * sound.samplerate)
    while skipped > 0 and (passed := len(sound.read(min(max(1, BLOCK // sound.channels), skipped)))):
        skipped -= passed
    audio = np.empty((sound.channels, most), np.float32)  # memory is taken where it is written
    count, peak, moved = 0, np.float32(0), False
    while count < most:
        block = sound.read(
            min(max(1, BLOCK // sound.channels), most - count), dtype="float32", always_2d=True
        )
        if not len(block):
            break
        if not moved and (count + len(block)) * sound.channels > IN_MEMORY:
            audio, moved = _moved(audio, count), True
        audio[:, count : count + len(block)] = block.T
        memory.rest(audio)
        peak = np.maximum(peak, np.maximum(block.max(), -block.min()))  # not a number stays that
        count += len(block)
    cut = count == most and len(sound.read(1)) > 0
    few = count < most // 2 and not moved
    return (audio[:, :count].copy() if few else audio[:, :count]), float(peak), cut


def _moved(audio: np.ndarray, count: int) -> np.ndarray:
    """The same array in a file, as far as it is filled; itself where the disk is too full."""
    try:
        moved = memory.on_disk(audio.shape)
    except OSError:
        return audio
    moved[:, :count] = audio[:, :count]
    return moved


def _ffmpeg(path: Path, name: str, most_seconds: int | float, start: int | float, into: BinaryIO) -> None:
    """The first sound track as a WAV of floats, a second longer than is kept: so a cut shows."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioError(
            f"{name} is not a sound file that can be read without ffmpeg; "
            "install ffmpeg, or export it as WAV, FLAC, MP3 or OGG"
        )
    command = [program, "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe"]
    command += ["-format_whitelist", FFMPEG_FORMATS, "-i", f"file:{path}"]
    sound = ["-map", "0:a:0", "-af", IN_TIME, "-ss", f"{start:.6f}", "-t", f"{most_seconds + 1:.6f}"]
    sound += ["-fs", str(4 * MOST_VALUES)]
    sound += ["-c:a", "pcm_f32le", "-f", "wav", "pipe:1"]
    for beside in (BESIDE, []):  # with a picture that nobody sees time begins with the first of both
        try:
            subprocess.run(
                [*command, *sound, *beside],
                stdout=into, stderr=subprocess.DEVNULL, timeout=FFMPEG_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise AudioError(f"{name} takes too long to decode; export it as WAV and try again") from error
        if into.seek(0, io.SEEK_END):
            break
