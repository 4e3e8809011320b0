"""Sound files in, one channel at 16 kHz for the search, and stems back to 16-bit files.

read -> to_mono_16k -> (first_window) -> to_search_level -> search -> estimates / gain -> write_wav
"""

from __future__ import annotations

from bssdemo.audio.decode import AudioError, Recording, read
from bssdemo.audio.files import common_scale, pcm16, peak_of, scale_for, write_wav, writing
from bssdemo.audio.format import SAMPLE_RATE, SAMPLES, WINDOW_SECONDS
from bssdemo.audio.levels import is_silent, pause_level, peak_of_sum, to_search_level
from bssdemo.audio.mono import Window, first_window, to_mono_16k

__all__ = [
    "SAMPLES",
    "SAMPLE_RATE",
    "WINDOW_SECONDS",
    "AudioError",
    "Recording",
    "Window",
    "common_scale",
    "first_window",
    "is_silent",
    "pause_level",
    "pcm16",
    "peak_of",
    "peak_of_sum",
    "read",
    "scale_for",
    "to_mono_16k",
    "to_search_level",
    "write_wav",
    "writing",
]
