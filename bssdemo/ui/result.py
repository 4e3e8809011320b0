"""What a run leaves behind: stems as wav files on one scale, and a zip with everything needed to report it."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import stack

from bssdemo import audio, plots
from bssdemo.offline import MIXTURE, RAW, RESIDUAL
from bssdemo.search.objective import TERMS, Weights
from bssdemo.search.refine import DEFAULT
from bssdemo.snapshot import Snapshot
from bssdemo.ui import picture
from bssdemo.ui.frame import Kind
from bssdemo.ui.job import Job
from bssdemo.ui.kept import Kept
from bssdemo.ui.stems import Stems, last_frames, refined

ARCHIVE = "bssdemo-stems.zip"
CONTENTS = {
    MIXTURE: "what was separated, in its own channels and at its own sample rate",
    "<source>.wav": "refined stems: the mixture's own sound, shared out; with residual.wav they add up to it",
    RESIDUAL: "the part of the mixture that no source explains",
    f"{RAW}/<source>.wav": "raw estimates as the generators made them: mono, 16 kHz",
}


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
    stems: Stems

    @classmethod
    def of(
        cls, job: Job, answer: Snapshot, losses: Sequence[Loss], weights: Weights, stopped: bool
    ) -> Result:
        """A run that ended by itself, at the visitor's wish (`stopped`) or by the limit of its time; refined."""
        early = "stopped" if stopped else "time limit"
        ending = "done" if answer.step >= answer.steps else early
        return cls(job, answer, tuple(losses), weights, ending, refined(job, answer.estimates))

    @property
    def seconds(self) -> float:
        """From the search's first step to the refined stems."""
        return self.answer.elapsed + self.stems.seconds

    def settings(self) -> dict[str, object]:
        """Everything that made this result, ready for JSON."""
        return {
            "sources": list(self.job.sources),
            "preset": self.job.preset,
            "search": asdict(self.job.config),
            "refinement": asdict(DEFAULT),
            "weights_at_end": asdict(self.weights),
            "steps_taken": self.answer.step,
            "seed": 0,
            "ending": self.ending,
            "seconds": {
                "search": round(self.answer.elapsed, 3),
                "refinement": round(self.stems.seconds, 3),
                "recording": round(self.job.seconds, 3),
            },
            "sample_rate": self.job.recording.sample_rate,
            "channels": len(self.job.recording.samples),
            "files": CONTENTS,
            "answer": {"total": float(self.answer.total)}
            | {term: float(self.answer.terms[term]) for term in TERMS},
        }


def write_sounds(result: Result, frame: str, folder: Path) -> Kept:
    """Write every wav of a result, in 16 bits on one common scale; `frame` is the run's last."""
    job, stems = result.job, result.stems
    scale = audio.common_scale(job.recording.samples, stems.raw, stems.channels)
    names = [f"{label.replace(' ', '-')}.wav" for label in job.labels]
    refined = [folder / name for name in names]
    raw = [folder / RAW / name for name in names]
    mixture, residual = folder / MIXTURE, folder / RESIDUAL
    (folder / RAW).mkdir()
    for path, channels in zip(
        [mixture, *refined, residual], [job.recording.samples, *stems.channels], strict=True
    ):
        audio.write_wav(path, channels, job.recording.sample_rate, scale)
    for path, estimate in zip(raw, stems.raw, strict=True):
        audio.write_wav(path, estimate, scale=scale)
    frames = last_frames(frame, job, stems)
    stem_files: dict[Kind, list[Path]] = {"refined": refined, "raw": raw}
    return Kept(job.sources, job.labels, mixture, stem_files, residual, frames, scale)


def write_archive(result: Result, folder: Path) -> Path:
    """A zip of `folder`, which holds the sounds, with settings.json, losses.csv and figure.png added."""
    (folder / "settings.json").write_text(json.dumps(result.settings(), indent=2) + "\n", encoding="utf-8")
    _write_losses(folder / "losses.csv", result.losses)
    plots.save(_figure(result), folder / "figure.png")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = folder / ARCHIVE
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(folder))
    return path


def _write_losses(path: Path, losses: Iterable[Loss]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["step", "total", *TERMS])
        table.writerows([loss.step, loss.total, *loss.terms] for loss in losses)


def _figure(result: Result) -> plots.Figure:
    job, stems = result.job, result.stems
    signals = stack([job.mono, stems.raw.sum(0), *stems.refined, stems.residual])
    reference = picture.reference(job.mono)
    titles = ("mixture", "explained", *job.labels, "residual")
    shown = (picture.decibels(signals) - reference).clamp(-picture.RANGE_DECIBELS, 0).numpy()
    return plots.run_figure(
        [plots.Picture(title, decibels) for title, decibels in zip(titles, shown, strict=True)],
        plots.Scale(job.seconds, picture.RANGE_DECIBELS, picture.kilohertz_ticks()),
        [loss.step for loss in result.losses],
        {term: [loss.terms[at] for loss in result.losses] for at, term in enumerate(TERMS)},
        [loss.total for loss in result.losses],
    )
