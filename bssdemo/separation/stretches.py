"""A recording of any length in constant memory: stretch by stretch, each a run of its own, written as it goes.

Stretches overlap by a second in which each takes over from the one before as sin^2. In every stretch stems and
residual add up to the recording, so they do in the whole. A stretch of silence is not searched: all of it is residual.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bssdemo import audio
from bssdemo.audio import stream
from bssdemo.machine import memory
from bssdemo.separation import files
from bssdemo.separation.heard import MOST_SECONDS, Heard
from bssdemo.separation.methods import METHODS
from bssdemo.separation.networks import Networks
from bssdemo.separation.request import Request, prepare
from bssdemo.separation.result import Result
from bssdemo.separation.run import Run
from bssdemo.separation.whole import OVERLAP, STRETCH, Whole

MOST_VALUES = 12_000_000  # samples times channels that are separated in one piece: 2 min of stereo at 48 kHz


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a long separation is; the last one has what was written and what a person should know of it."""

    seconds: float
    total: float
    written: files.Files | None = None
    notes: tuple[str, ...] = ()
    ending: str = "done"


def needed(file: Path, method: str, most_seconds: int) -> bool:
    """Whether a recording is separated stretch by stretch; components without names could not be joined."""
    if method not in METHODS or not METHODS[method].named:
        return False
    told = stream.size(file)
    if told is None:
        return most_seconds > MOST_SECONDS
    seconds, values = told
    part = min(1.0, most_seconds / max(seconds, 1e-9))
    return min(seconds, most_seconds) > MOST_SECONDS or values * part > MOST_VALUES


def separate(
    file: Path,
    request: Request,
    networks: Networks,
    folder: Path,
    most_seconds: int,
    stop: Callable[[], bool] | None = None,
) -> Iterator[Progress]:
    """The files of a separation of `file` in `folder`, made stretch by stretch; `stop` as of `Run`.

    After a stop the files hold what was separated until then. Raises ValueError with a sentence for what cannot be
    separated, and OSError; then nothing of the folder has changed.
    """
    with (
        stream.opened(file, most_seconds) as recording,
        files.placed(folder) as aside,
        tempfile.TemporaryDirectory(prefix=files.ASIDE, dir=folder) as floats,
    ):
        rate, total = recording.sample_rate, recording.frames / recording.sample_rate
        whole = Whole(Path(floats), len(request.sources), recording.channels, rate, total)
        for piece in recording.pieces(STRETCH * rate, OVERLAP * rate):
            stretch = audio.Recording(piece, rate, bits=recording.bits, low=recording.low)
            result = _result(stretch, file.name, request, networks, stop)
            if result is not None and whole.job is None:
                files.refuse_to_overwrite(file, result.job, folder)
            whole.add(piece, result)
            del piece, stretch, result  # before the next one is read
            memory.trim()
            yield Progress(whole.seconds, total)
            if whole.ending != "done":
                break
        if whole.job is None:
            raise audio.AudioError("the recording is silent; choose one with sound in it")
        notes = whole.write(recording, aside)
    yield Progress(whole.seconds, total, files.Files.of(whole.job, folder), notes, whole.ending)


def _result(
    recording: audio.Recording,
    name: str,
    request: Request,
    networks: Networks,
    stop: Callable[[], bool] | None,
) -> Result | None:
    """One stretch separated; None for silence."""
    if audio.is_silent(recording.samples.flatten()):
        return None
    try:
        heard = Heard.of(recording, name)
    except audio.AudioError:  # silent below 8 kHz
        return None
    run = Run(prepare(heard, request, networks), stop=stop)
    for _ in run:
        pass
    return run.result()
