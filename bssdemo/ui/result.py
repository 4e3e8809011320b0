"""What a run leaves behind: stems on one 16-bit scale, and a zip with everything needed to report it."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Int16
from torch import stack

from bssdemo import audio, plots
from bssdemo.models.wavegan import SAMPLES
from bssdemo.search.objective import TERMS, Weights
from bssdemo.snapshot import Snapshot
from bssdemo.ui import picture
from bssdemo.ui.job import Job

ARCHIVE = "bssdemo-stems.zip"


@dataclass(frozen=True)
class Loss:
    """The objective at one step."""

    step: int
    total: float
    terms: tuple[float, ...]  # in the order of TERMS, unweighted

    @classmethod
    def of(cls, snapshot: Snapshot) -> Loss:
        """The numbers of a single mixture's snapshot."""
        return cls(snapshot.step, float(snapshot.total), tuple(float(snapshot.terms[term]) for term in TERMS))


@dataclass(frozen=True)
class Result:
    """A finished (or stopped) run."""

    job: Job
    answer: Snapshot
    losses: tuple[Loss, ...]
    weights: Weights  # acting at the end
    ending: str  # done, stopped or time limit

    @classmethod
    def of(
        cls, job: Job, answer: Snapshot, losses: Sequence[Loss], weights: Weights, stopped: bool
    ) -> Result:
        """A run that ended by itself, at the visitor's wish (`stopped`) or by the limit of its time."""
        early = "stopped" if stopped else "time limit"
        ending = "done" if losses[-1].step >= job.config.steps else early
        return cls(job, answer, tuple(losses), weights, ending)

    def players(self) -> list[tuple[str, Int16[np.ndarray, " samples"]]]:
        """(label, 16-bit audio) of the mixture and of every stem, all on one common scale."""
        mix, stems = self.job.window.audio, self.answer.estimates / self.job.gain
        scale = audio.common_scale(mix, stems)
        labels = ("mixture", *self.job.labels)
        return [(label, audio.pcm16(x, scale)) for label, x in zip(labels, (mix, *stems), strict=True)]

    def settings(self) -> dict[str, object]:
        """Everything that made this result, ready for JSON."""
        config = self.job.config
        return {
            "sources": list(self.job.sources),
            "preset": self.job.preset,
            "search": asdict(config),
            "weights_at_end": asdict(self.weights),
            "steps_taken": self.losses[-1].step,
            "seed": 0,
            "ending": self.ending,
            "seconds": round(self.answer.elapsed, 3),
            "window_start_seconds": self.job.window.start,
            "sample_rate": audio.SAMPLE_RATE,
            "answer": {"total": float(self.answer.total)}
            | {term: float(self.answer.terms[term]) for term in TERMS},
        }


def write_archive(result: Result, folder: Path) -> Path:
    """A zip in `folder`: mixture and stems as wav, settings.json, losses.csv, figure.png."""
    files = []
    for label, samples in result.players():
        files.append(folder / f"{label.replace(' ', '-')}.wav")
        soundfile.write(files[-1], samples, audio.SAMPLE_RATE, subtype="PCM_16")
    files.append(folder / "settings.json")
    files[-1].write_text(json.dumps(result.settings(), indent=2) + "\n", encoding="utf-8")
    files.append(folder / "losses.csv")
    _write_losses(files[-1], result.losses)
    files.append(folder / "figure.png")
    plots.save(_figure(result), files[-1])
    path = folder / ARCHIVE
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return path


def _write_losses(path: Path, losses: Iterable[Loss]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["step", "total", *TERMS])
        table.writerows([loss.step, loss.total, *loss.terms] for loss in losses)


def _figure(result: Result) -> plots.Figure:
    estimates = result.answer.estimates
    signals = stack([result.job.mix, estimates.sum(0), *estimates])
    reference = picture.reference(result.job.mix)
    titles = ("mixture", "explained", *result.job.labels)
    shown = (picture.decibels(signals) - reference).clamp(-picture.RANGE_DECIBELS, 0).numpy()
    return plots.run_figure(
        [plots.Picture(title, decibels) for title, decibels in zip(titles, shown, strict=True)],
        plots.Scale(SAMPLES / audio.SAMPLE_RATE, picture.RANGE_DECIBELS, picture.kilohertz_ticks()),
        [loss.step for loss in result.losses],
        {term: [loss.terms[at] for loss in result.losses] for at, term in enumerate(TERMS)},
        [loss.total for loss in result.losses],
    )
