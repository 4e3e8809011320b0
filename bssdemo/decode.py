"""Sound files -> samples: libsndfile first, ffmpeg for what it does not know (m4a, webm).

Everything a person may upload arrives here, so every failure is an AudioError in plain words, and
no file, whatever it claims to be, makes the program read more than it was allowed or MOST_VALUES.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from jaxtyping import Float
from torch import Tensor

MOST_SECONDS = (
    120  # of one recording, unless more is asked for; the rest is left out and `Recording.note` says so
)
MOST_VALUES = 60_000_000  # samples times channels, 240 MB of float32
SLOWEST, FASTEST = 4_000, 384_000  # sample rates in Hz that are believed
LOUDEST = 1e6  # far above full scale, also above 16-bit integers stored as floats
FFMPEG_SECONDS = 60  # of wall clock
# ffmpeg also reads playlists, which may name other files or addresses; these demuxers may not.
FFMPEG_FORMATS = (
    "mov,matroska,mp3,aac,flac,wav,w64,ogg,asf,amr,caf,aiff,au,ac3,eac3,ape,wv,tta,avi,flv,mpeg,mpegts"
)


class AudioError(ValueError):
    """A recording cannot be used; the message says why and what would work."""


@dataclass(frozen=True)
class Recording:
    """Samples as they are in the file, full scale being 1."""

    samples: Float[Tensor, "channels samples"]
    sample_rate: int
    note: str | None = None  # in plain words, what was left unread

    @property
    def seconds(self) -> float:
        """Length of what was read."""
        return self.samples.shape[1] / self.sample_rate


def read(path: Path | str, most_seconds: int = MOST_SECONDS) -> Recording:
    """The recording in a file of any format that libsndfile reads, else that ffmpeg reads.

    At most `most_seconds` of it; what was left out is in the recording's note.
    Raises AudioError for everything else: not there, empty, no sound file, no finite samples.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"{path} is not there or is not a file")
    try:
        if path.stat().st_size == 0:
            raise AudioError(f"{path.name} is an empty file")
        path.open("rb").close()  # an OSError here says why, libsndfile's error does not
        decoded = _decode(str(path), most_seconds)
        if decoded is None:
            decoded = _decode(io.BytesIO(_ffmpeg(path, most_seconds)), most_seconds)
    except OSError as error:
        raise AudioError(f"{path.name} cannot be read: {error.strerror or error}") from error
    if decoded is None:
        raise AudioError(f"{path.name} is not a sound file that can be read; WAV, FLAC, MP3 and OGG work")
    audio, rate, cut = decoded
    if audio.size == 0:
        raise AudioError(f"{path.name} holds no samples")
    if not SLOWEST <= rate <= FASTEST:
        raise AudioError(f"{path.name} has a sample rate of {rate} Hz; {SLOWEST} to {FASTEST} Hz can be read")
    if not np.isfinite(audio).all() or np.abs(audio).max() > LOUDEST:
        raise AudioError(
            f"{path.name} holds samples that are no sound (infinite or not a number); export it again"
        )
    note = f"Only the first {audio.shape[1] / rate:.0f} s of the recording were read." if cut else None
    return Recording(torch.from_numpy(audio), rate, note)


def _decode(file: str | io.BytesIO, most_seconds: int) -> tuple[np.ndarray, int, bool] | None:
    """(channels, N) float32, rate, whether more was left unread; None if libsndfile does not know it."""
    try:
        with soundfile.SoundFile(file) as sound:
            frames = min(most_seconds * sound.samplerate, MOST_VALUES // sound.channels)
            audio = sound.read(frames, dtype="float32", always_2d=True)
            return np.ascontiguousarray(audio.T), sound.samplerate, len(audio) == frames < sound.frames
    except (soundfile.SoundFileError, TypeError):  # TypeError: a name that means headerless samples
        return None


def _ffmpeg(path: Path, most_seconds: int) -> bytes:
    """The first sound track as a WAV of floats, a second longer than is kept: so a cut shows."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioError(
            f"{path.name} is not a sound file that can be read without ffmpeg; "
            "install ffmpeg, or export it as WAV, FLAC, MP3 or OGG"
        )
    command = [program, "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe"]
    command += ["-format_whitelist", FFMPEG_FORMATS, "-i", f"file:{path}"]
    command += ["-map", "0:a:0", "-t", str(most_seconds + 1), "-fs", str(4 * MOST_VALUES)]
    command += ["-c:a", "pcm_f32le", "-f", "wav", "pipe:1"]
    try:
        return subprocess.run(command, capture_output=True, timeout=FFMPEG_SECONDS, check=False).stdout
    except subprocess.TimeoutExpired as error:
        raise AudioError(f"{path.name} takes too long to decode; export it as WAV and try again") from error
