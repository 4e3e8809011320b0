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
from bssdemo.models.wavegan import SAMPLES
from bssdemo.search import refine
from bssdemo.search.long import separate_long
from bssdemo.search.native import apply_to_channels
from bssdemo.search.pgd import SearchConfig
from bssdemo.snapshot import Snapshot
from bssdemo.windows import Layout, lay_out

MIXTURE, RESIDUAL, RAW, REPORT = "mixture.wav", "residual.wav", "raw", "report.json"
MOST_SECONDS = 60  # of a recording, unless more is asked for


@dataclass(frozen=True)
class Job:
    """A recording and the priors that should explain it, checked and ready to be searched."""

    file: Path
    recording: audio.Recording
    mono: Float[Tensor, " samples"]  # what is searched: one channel at 16 kHz
    windows: Layout
    priors: tuple[hub.Prior, ...]
    seconds: float  # spent on preparing

    @property
    def notes(self) -> list[str]:
        """What a person should know, in plain words, each once."""
        notes = [self.recording.note, self._length, *(prior.note for prior in self.priors)]
        return list(dict.fromkeys(note for note in notes if note))

    @property
    def _length(self) -> str | None:
        seconds, window = len(self.mono) / audio.SAMPLE_RATE, f"{audio.WINDOW_SECONDS} s"
        if len(self.windows.starts) > 1:
            return f"{seconds:.2f} s are separated in {len(self.windows.starts)} windows of {window}."
        if len(self.mono) < SAMPLES:
            return f"The recording lasts {seconds:.2f} s; the rest of the {window} window is silence."
        return None


def prepare(
    mixture: Path,
    names: Sequence[str],
    checkpoints: Path | None = None,
    most_seconds: int = MOST_SECONDS,
) -> Job:
    """Read at most the first `most_seconds` and load the priors; a name repeated is two of a kind.

    Raises AudioError, CheckpointError.
    """
    began = time.perf_counter()
    recording = audio.read(mixture, most_seconds)
    mono = audio.to_mono_16k(recording)
    priors = tuple(hub.load_prior(name, checkpoints) for name in names)
    return Job(mixture, recording, mono, lay_out(mono, SAMPLES), priors, time.perf_counter() - began)


def run(
    job: Job,
    out: Path,
    config: SearchConfig,
    seed: int,
    progress: Callable[[Snapshot], None],
    stop: Callable[[], bool],
) -> dict[str, Any]:
    """Search, refine, write the results into the folder `out`, and return what report.json holds.

    Writes <source>.wav (numbered when repeated), residual.wav and mixture.wav at the recording's rate
    and with its channels: stems and residual add up to the mixture. Beside them raw/<source>.wav, the
    priors' own sounds at 16 kHz mono, and report.json. All wavs have 16 bits and share one scale. Once
    `stop()` is true the best stems so far are written. Raises OSError.
    """
    search = separate_long(
        job.mono,
        [prior.generator for prior in job.priors],
        config,
        encoders=[prior.encoder for prior in job.priors],
        generator=torch.Generator().manual_seed(seed),
        stop=stop,
    )
    first = last = next(search)
    progress(first)
    for last in search:
        progress(last)
    began = time.perf_counter()
    masks = refine.masks(job.mono, last.estimates)
    recording = job.recording
    parts = apply_to_channels(masks, refine.DEFAULT.stft, recording.samples, recording.sample_rate)
    refining = time.perf_counter() - began
    files = stem_files([prior.name for prior in job.priors])
    assert last.gains is not None  # a search tells its gains and its leash
    assert first.leash is not None
    assert last.leash is not None
    scale = write(out, files, recording, parts, last.estimates)
    report = {
        "method": "gan",
        "mixture": {
            **about(job.file, recording),
            "window_seconds": audio.WINDOW_SECONDS,
            "window_starts_seconds": [round(start / audio.SAMPLE_RATE, 4) for start in job.windows.starts],
        },
        "sources": [
            {
                "name": prior.name,
                "label": prior.label,
                "file": file,
                "origin": prior.origin,
                "where": prior.where,
                "encoder": config.start == "encoder" and prior.encoder is not None,
                "gain": gain,
            }
            for prior, file, gain in zip(job.priors, files, last.gains.tolist(), strict=True)
        ],
        "output": output(recording, scale),
        "settings": {**asdict(config), "seed": seed, "refine": asdict(refine.DEFAULT)},
        "terms": {name: ends(first.terms[name], last.terms[name]) for name in last.terms},
        "leash": ends(first.leash, last.leash),
        "total": ends(first.total, last.total),
        "steps_done": last.step,
        "stopped": last.step < last.steps,
        "seconds": {
            "prepare": round(job.seconds, 3),
            "search": round(last.elapsed, 3),
            "refine": round(refining, 3),
        },
        "versions": versions(),
        "notes": job.notes,
    }
    write_report(out, report)
    return report


def stem_files(names: Sequence[str]) -> list[str]:
    """File names for the sources in order: <name>.wav, numbered from 1 if that is not unique."""
    taken = Counter([*names, Path(MIXTURE).stem, Path(RESIDUAL).stem])
    seen: Counter[str] = Counter()
    files = []
    for name in names:
        seen[name] += 1
        files.append(f"{name}.wav" if taken[name] == 1 else f"{name}-{seen[name]}.wav")
    return files


def about(file: Path, recording: audio.Recording) -> dict[str, Any]:
    """What the report says of the recording that was read."""
    return {
        "file": str(file),
        "sample_rate": recording.sample_rate,
        "channels": recording.samples.shape[0],
        "seconds_read": round(recording.seconds, 3),
    }


def output(recording: audio.Recording, scale: float) -> dict[str, Any]:
    """What the report says of the wavs that `write` wrote."""
    return {
        "sample_rate": recording.sample_rate,
        "channels": recording.samples.shape[0],
        "raw": {"folder": RAW, "sample_rate": audio.SAMPLE_RATE, "channels": 1},
        "residual": RESIDUAL,
        "format": "PCM_16",
        "scale": scale,
    }


def versions() -> dict[str, str]:
    """Of what the numbers depend on."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "libsndfile": soundfile.__libsndfile_version__,
    }


def write_report(out: Path, report: dict[str, Any]) -> None:
    """report.json in the folder `out`."""
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    (out / REPORT).write_text(text, encoding="utf-8")


def write(
    out: Path,
    files: Sequence[str],
    recording: audio.Recording,
    parts: Float[Tensor, "parts channels samples"],
    raw: Float[Tensor, "K samples_16k"],
) -> float:
    """Write the mixture, its parts and the raw estimates with one common scale, and return it."""
    scale = audio.common_scale(recording.samples, parts, raw)
    for file, signal in zip([MIXTURE, *files, RESIDUAL], [recording.samples, *parts], strict=True):
        audio.write_wav(out / file, signal, recording.sample_rate, scale)
    (out / RAW).mkdir(exist_ok=True)
    for file, estimate in zip(files, raw, strict=True):
        audio.write_wav(out / RAW / file, estimate, scale=scale)
    return scale


def ends(start: Tensor, end: Tensor) -> dict[str, float]:
    """The first and the last value of a term."""
    return {"start": start.item(), "end": end.item()}
