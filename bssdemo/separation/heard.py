"""A recording, decoded once: as it is in the file, as the search hears it, and the windows it is searched in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from bssdemo import audio
from bssdemo.audio.mono import hear
from bssdemo.audio.windows import Layout, lay_out
from bssdemo.machine.text import readable

MOST_SECONDS = 60  # of a recording, unless more is asked for
QUIET, LIFTED = (
    1e-2,
    0.3,
)  # a recording whose peak is below the one is brought to the other to find its onsets


@dataclass(frozen=True, eq=False)
class Heard:
    """`recording` in all channels at its own rate, `mono` one channel at 16 kHz, `windows` of 1.024 s of that.

    `mono` holds nothing below 20 Hz: no source does, and an offset or a drift must not set the level.
    """

    name: str  # of the file, for people
    recording: audio.Recording
    mono: Float[Tensor, " samples"]
    windows: Layout
    unheard: tuple[int, ...] = ()  # channels that are for a subwoofer, from 0; nothing is searched there

    @classmethod
    def of(cls, recording: audio.Recording, name: str = "recording") -> Heard:
        """Raises AudioError when less than 50 ms are there, or only silence."""
        mono, unheard = hear(recording)
        peak = audio.peak_of(mono)
        windows = lay_out(mono if peak >= QUIET else mono * (LIFTED / peak), audio.SAMPLES)
        return cls(name, recording, mono, windows, unheard)

    @property
    def seconds(self) -> float:
        """Length of what is separated."""
        return len(self.mono) / audio.SAMPLE_RATE

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left unread, and how the recording fits the search's windows, in plain words."""
        window, count = f"{audio.WINDOW_SECONDS} s", len(self.windows.starts)
        length = None
        if count > 1:
            length = f"{self.seconds:.2f} s are separated in {count} windows of {window}."
        elif len(self.mono) < audio.SAMPLES:
            length = f"The recording lasts {self.seconds:.2f} s; the rest of the {window} window is silence."
        return tuple(note for note in (self.recording.note, left_out(self.unheard), length) if note)


def left_out(channels: Sequence[int]) -> str | None:
    """In plain words, which channels are not searched, if any."""
    if not channels:
        return None
    numbers = ", ".join(str(number + 1) for number in channels)
    return f"Channel {numbers} is a subwoofer's: nothing is searched there, it stays in the residual."


def read(file: Path | str, most_seconds: int | float = MOST_SECONDS, start: int | float = 0.0) -> Heard:
    """At most `most_seconds` of a sound file from second `start` on. Raises AudioError with a plain sentence."""
    path = Path(file)
    return Heard.of(audio.read(path, most_seconds, start), readable(path.name))
