"""One recording on disk -> its stems and a report in a folder: what the command `separate` does."""

from __future__ import annotations

import json
import platform
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import soundfile
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo import audio, hub
from bssdemo.search.pgd import SearchConfig, separate
from bssdemo.snapshot import Snapshot

MIXTURE, REPORT = "mixture.wav", "report.json"


@dataclass(frozen=True)
class Job:
    """A recording and the priors that should explain it, checked and ready to be searched."""

    file: Path
    recording: audio.Recording
    window: audio.Window
    mix: Float[Tensor, " samples"]  # the window at the search's level
    gain: float  # mix = gain * window
    priors: tuple[hub.Prior, ...]
    seconds: float  # spent on preparing

    @property
    def notes(self) -> list[str]:
        """What a person should know, in plain words, each once."""
        level = f"For the search the mixture was scaled by {self.gain:.3g}; the stems are scaled back."
        notes = [self.recording.note, self.window.note, level, *(prior.note for prior in self.priors)]
        return list(dict.fromkeys(note for note in notes if note))


def prepare(mixture: Path, names: Sequence[str], checkpoints: Path | None = None) -> Job:
    """Read the recording's first window and load the priors; a name repeated is two of a kind.

    Raises AudioError, CheckpointError.
    """
    began = time.perf_counter()
    recording = audio.read(mixture)
    window = audio.first_window(audio.to_mono_16k(recording))
    mix, gain = audio.to_search_level(window.audio, len(names))
    priors = tuple(hub.load_prior(name, checkpoints) for name in names)
    return Job(mixture, recording, window, mix, gain, priors, time.perf_counter() - began)


def run(
    job: Job,
    out: Path,
    config: SearchConfig,
    seed: int,
    progress: Callable[[Snapshot], None],
    stop: Callable[[], bool],
) -> dict[str, Any]:
    """Search, write the results into the folder `out`, and return what report.json holds.

    Writes <source>.wav (numbered when repeated), mixture.wav (the window that was searched) and
    report.json; the wavs are 16 kHz, 16 bits, and share one scale. Once `stop()` is true the best
    stems so far are written. Raises OSError.
    """
    search = separate(
        job.mix,
        [prior.generator for prior in job.priors],
        config,
        generator=torch.Generator().manual_seed(seed),
        stop=stop,
    )
    first = last = next(search)
    progress(first)
    for last in search:
        progress(last)
    files = stem_files([prior.name for prior in job.priors])
    scale = _write(out, files, job.window.audio, last.estimates / job.gain)
    report = {
        "mixture": {
            "file": str(job.file),
            "sample_rate": job.recording.sample_rate,
            "channels": job.recording.samples.shape[0],
            "seconds_read": round(job.recording.seconds, 3),
            "window_start_seconds": round(job.window.start, 4),
            "window_seconds": audio.WINDOW_SECONDS,
            "gain": job.gain,
        },
        "sources": [
            {
                "name": prior.name,
                "label": prior.label,
                "file": file,
                "origin": prior.origin,
                "where": prior.where,
            }
            for prior, file in zip(job.priors, files, strict=True)
        ],
        "output": {"sample_rate": audio.SAMPLE_RATE, "format": "PCM_16", "scale": scale},
        "settings": {**asdict(config), "seed": seed},
        "terms": {name: _ends(first.terms[name], last.terms[name]) for name in last.terms},
        "total": _ends(first.total, last.total),
        "steps_done": last.step,
        "stopped": last.step < config.steps,
        "seconds": {"prepare": round(job.seconds, 3), "search": round(last.elapsed, 3)},
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "libsndfile": soundfile.__libsndfile_version__,
        },
        "notes": job.notes,
    }
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    (out / REPORT).write_text(text, encoding="utf-8")
    return report


def stem_files(names: Sequence[str]) -> list[str]:
    """File names for the sources in order: <name>.wav, numbered from 1 if that is not unique."""
    taken = Counter([*names, Path(MIXTURE).stem])
    seen: Counter[str] = Counter()
    files = []
    for name in names:
        seen[name] += 1
        files.append(f"{name}.wav" if taken[name] == 1 else f"{name}-{seen[name]}.wav")
    return files


def _write(
    out: Path, files: Sequence[str], mix: Float[Tensor, " samples"], stems: Float[Tensor, "K samples"]
) -> float:
    """Write the mixture and its stems with one common scale, and return it."""
    scale = audio.common_scale(mix, stems)
    for file, signal in zip([MIXTURE, *files], [mix, *stems], strict=True):
        audio.write_wav(out / file, signal, scale=scale)
    return scale


def _ends(start: Tensor, end: Tensor) -> dict[str, float]:
    return {"start": start.item(), "end": end.item()}
