"""The files of a separation, the same for everybody: WAVs on one scale, the report, the losses, a figure.

They are written aside and moved when all of them are there, so a folder never holds half a result. No file
that is not of this kind is touched, and the recording itself is never overwritten.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo import audio
from bssdemo.audio import mel
from bssdemo.machine.files import made
from bssdemo.machine.text import readable
from bssdemo.separation.made import digests, made_before
from bssdemo.separation.names import MIXTURE, RESIDUAL
from bssdemo.separation.request import Job
from bssdemo.separation.result import Loss, Result, report

RAW, REPORT, LOSSES, FIGURE = "raw", "report.json", "losses.csv", "figure.png"
ARCHIVE = "bssdemo-stems.zip"
ASIDE = ".bssdemo-"  # begins the name of a folder in which a result is being written
NOT_MADE = "no run made it, or it was changed since: choose another folder"


@dataclass(frozen=True)
class Files:
    """Where the files of one result lie; `stems` and `raw` in the order of the sources."""

    folder: Path
    mixture: Path
    stems: tuple[Path, ...]
    residual: Path
    raw: tuple[Path, ...]
    report: Path
    losses: Path
    figure: Path

    @classmethod
    def of(cls, job: Job, folder: Path) -> Files:
        """The names that a job's files have in `folder`."""
        waves = [f"{name}.wav" for name in job.names]
        return cls(
            folder,
            folder / f"{MIXTURE}.wav",
            tuple(folder / wave for wave in waves),
            folder / f"{RESIDUAL}.wav",
            tuple(folder / RAW / wave for wave in waves),
            folder / REPORT,
            folder / LOSSES,
            folder / FIGURE,
        )

    @property
    def sounds(self) -> tuple[Path, ...]:
        """Every WAV."""
        return (*self.stems, self.residual, *self.raw, self.mixture)

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file."""
        return (*self.sounds, self.report, self.losses, self.figure)


def refuse_to_overwrite(recording: Path, job: Job, folder: Path) -> None:
    """Raises ValueError where a result in `folder` would replace the recording that it is made of, or another file
    that no run made."""
    for file in Files.of(job, folder).all:
        if file.exists() and file.samefile(recording):
            raise ValueError(
                f"{readable(recording.name)} would be overwritten by a file of the result; "
                "choose another folder for --out"
            )
    if foreign := _foreign(Files.of(job, folder)):
        raise ValueError(f"{readable(foreign)} is there already, and {NOT_MADE}")


def _foreign(files: Files) -> Path | None:
    """A file in the way of a result that no earlier run made."""
    there = [file for file in files.all if os.path.lexists(file) and not file.is_dir()]
    made = made_before(files.folder, REPORT) if there else set()
    return next((file for file in there if file not in made), None)


def write(result: Result, folder: Path) -> Files:
    """Write the files of a result into `folder`, made if it is not there; see `placed`."""
    with placed(folder) as aside:
        _write(result, Files.of(result.job, aside))
    return Files.of(result.job, folder)


@contextmanager
def placed(folder: Path) -> Iterator[Path]:
    """An empty folder whose files take their places in `folder` when the block ends, all of them or none.

    Files of an earlier run are replaced, or go if this one has none of that name. Raises OSError, one for a file in
    the way that no run made among them; then nothing has changed.
    """
    with made(folder), made(folder / RAW):
        aside = Path(tempfile.mkdtemp(prefix=ASIDE, dir=folder))
        try:
            yield aside
            written = [file for file in aside.rglob("*") if file.is_file()]
            places = {file: folder / file.relative_to(aside) for file in written}
            if blocked := next((place for place in places.values() if place.is_dir()), None):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(blocked))
            earlier = made_before(folder, REPORT)
            for place in places.values():
                if os.path.lexists(place) and place not in earlier:
                    raise FileExistsError(errno.EEXIST, NOT_MADE, str(place))
            for file in sorted(places, key=lambda one: one.name == REPORT):  # it vouches for the others: last
                os.replace(file, places[file])
            for stale in earlier.difference(places.values()):
                stale.unlink(missing_ok=True)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _write(result: Result, files: Files) -> None:
    write_sounds(result, files.folder)
    write_report(result, files.folder)


def write_sounds(result: Result, folder: Path) -> Files:
    """Every WAV of a result into an empty `folder`, for somebody who listens before the rest is written."""
    files = Files.of(result.job, folder)
    recording, scale = result.job.heard.recording, result.scale
    channels, rate, bits = len(recording.samples), recording.sample_rate, recording.bits
    audio.write_wav(files.mixture, recording.samples, rate, scale, bits)
    with ExitStack() as stack:
        appends = [
            stack.enter_context(audio.writing(path, channels, rate, scale, bits))
            for path in (*files.stems, files.residual)
        ]
        for block in result.parts.blocks():
            for append, part in zip(appends, block, strict=True):
                append(part)
    _write_estimates(files.raw, result.raw, scale, bits)
    return files


def write_report(result: Result, folder: Path) -> Files:
    """The files that are no sound."""
    files = Files.of(result.job, folder)
    write_losses(files.losses, result.losses)
    _draw(result, files.figure)
    vouch(report(result), files)
    return files


def vouch(told: Mapping[str, Any], files: Files) -> None:
    """Write the report, with the digests of all other files: what a run made may be replaced by a later one."""
    kept = (*files.sounds, files.losses, files.figure)
    whole = dict(told) | {"files": digests((file for file in kept if file.exists()), files.folder)}
    files.report.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_estimates(job: Job, estimates: Float[Tensor, "K samples"], folder: Path) -> tuple[Path, ...]:
    """A separator's own estimates alone, mono at 16 kHz on one scale, into `folder`/raw; the files, in their order."""
    files = Files.of(job, folder).raw
    _write_estimates(files, estimates, audio.common_scale(estimates), job.heard.recording.bits)
    return files


def _write_estimates(
    files: Sequence[Path], estimates: Float[Tensor, "K samples"], scale: float, bits: int
) -> None:
    files[0].parent.mkdir()
    for path, estimate in zip(files, estimates, strict=True):
        audio.write_wav(path, estimate, scale=scale, bits=bits)


def write_losses(path: Path, losses: Iterable[Loss]) -> None:
    """A table of the terms, a row for every step."""
    losses = list(losses)
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["step", "total", *losses[0].terms])
        table.writerows([loss.step, loss.total, *loss.terms.values()] for loss in losses)


def _draw(result: Result, path: Path) -> None:
    heard = result.job.heard
    signals = torch.stack([heard.mono, result.raw.sum(0), *result.refined, result.residual])
    shown = (mel.decibels(signals) - mel.reference(heard.mono)).clamp(-mel.RANGE_DECIBELS, 0)
    draw(result.job, shown, heard.seconds, result.losses, path)


def draw(
    job: Job,
    decibels: Float[Tensor, "sounds rows columns"],
    seconds: float,
    losses: Sequence[Loss],
    path: Path,
) -> None:
    """Spectrograms of mixture, sum, stems and residual above the curves of the loss."""
    from bssdemo import plots  # matplotlib: half a second that only a result needs to wait for

    titles = (MIXTURE, "explained", *job.labels, RESIDUAL)
    figure = plots.run_figure(
        [plots.Picture(title, shown) for title, shown in zip(titles, decibels.numpy(), strict=True)],
        plots.Scale(seconds, mel.RANGE_DECIBELS, mel.kilohertz_ticks()),
        [loss.step for loss in losses],
        {term: [loss.terms[term] for loss in losses] for term in losses[0].terms},
        [loss.total for loss in losses],
    )
    plots.save(figure, path)


def archive(files: Files, path: Path) -> Path:
    """A zip of the files, at `path`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for file in files.all:
            stream.write(file, file.relative_to(files.folder))
    return path
