"""What the stretches of a long recording add up to: sounds on disk while it grows, one report, one figure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from bssdemo import audio
from bssdemo.audio import mel
from bssdemo.audio.stream import Stream
from bssdemo.separation import files
from bssdemo.separation.heard import left_out
from bssdemo.separation.request import Job
from bssdemo.separation.result import Loss, Result, report

STRETCH, OVERLAP = 20, 1  # seconds of sound searched at once, and in which a stretch takes over
BLOCK = 1 << 20  # samples of a channel that are converted at once
COLUMNS = 1280  # of the figure's spectrograms


class Growing:
    """A sound of float32 samples in a file, made of pieces that overlap; it knows its peak and its length."""

    def __init__(self, path: Path, channels: int, overlap: int) -> None:
        self.path, self.channels, self.overlap = path, channels, overlap
        self.peak, self.samples = 0.0, 0
        self._before: Tensor | None = None  # the end of the piece before, until this one has taken over
        self._tail: list[Tensor] = []  # of this piece
        self._length = self._at = 0

    def begin(self, length: int) -> None:
        """A piece of this length; its first `overlap` samples take over from the last ones of the piece before."""
        self._before = torch.cat(self._tail, 1) if self._tail else None
        self._tail, self._length, self._at = [], length, 0

    def add(self, block: Float[Tensor, "channels block"]) -> None:
        """What follows of the piece."""
        reach = 0 if self._before is None else min(self.overlap, self._length)
        kept, at = max(0, self._length - self.overlap), self._at
        if self._before is not None and at < reach:
            part = slice(at, min(at + block.shape[1], reach))
            rise = torch.sin(math.pi / 2 * (torch.arange(part.start, part.stop) + 0.5) / reach).square()
            faded = torch.lerp(self._before[:, part], block[:, : part.stop - at], rise)
            block = torch.cat([faded, block[:, part.stop - at :]], 1)
        self._append(block[:, : max(0, kept - at)])
        if block.shape[1] > kept - at:
            self._tail.append(block[:, max(0, kept - at) :].clone())
        self._at += block.shape[1]

    def end(self) -> None:
        """No piece follows."""
        for block in self._tail:
            self._append(block)
        self._tail = []

    def blocks(self) -> Iterator[Float[Tensor, "channels samples"]]:
        """The whole sound, piece by piece."""
        with self.path.open("rb") as stream:
            while len(block := np.fromfile(stream, np.float32, BLOCK * self.channels)):
                yield torch.from_numpy(block.reshape(-1, self.channels).T)

    def _append(self, samples: Float[Tensor, "channels samples"]) -> None:
        if samples.numel():
            self.peak = max(self.peak, float(samples.abs().max()))
        self.samples += samples.shape[1]
        with self.path.open("ab") as stream:
            np.ascontiguousarray(samples.T.numpy()).tofile(stream)


class Whole:
    """A long result as it grows, its sounds in `folder`."""

    def __init__(self, folder: Path, sources: int, channels: int, rate: int, total: float) -> None:
        self.rate, self.total = rate, total
        self.job: Job | None = None  # of the first stretch with sound in it
        self.ending = "done"
        self._parts = [Growing(folder / f"part-{k}", channels, OVERLAP * rate) for k in range(sources + 2)]
        self._raw = [Growing(folder / f"raw-{k}", 1, OVERLAP * audio.SAMPLE_RATE) for k in range(sources)]
        self._losses: list[Loss] = []
        self._reports: list[dict[str, Any]] = []
        self._missing: set[str] | None = None
        self._unheard: set[int] | None = None  # channels that no stretch searched
        self._pictures: list[Float[Tensor, "sounds rows columns"]] = []
        self._stretches = 0

    @property
    def seconds(self) -> float:
        """How far it has come."""
        return min(self.total, float(self._stretches * STRETCH + OVERLAP))

    def add(self, piece: Float[Tensor, "channels samples"], result: Result | None) -> None:
        """The next stretch: its result, or None for silence, all of which is residual."""
        samples = round(piece.shape[1] * audio.SAMPLE_RATE / self.rate)
        for growing in self._parts:
            growing.begin(piece.shape[1])
        mixture, *stems = self._parts
        for block in piece.split(BLOCK, 1):
            mixture.add(block)
        for block in _quiet(piece, len(stems)) if result is None else result.parts.blocks():
            for growing, part in zip(stems, block, strict=True):
                growing.add(part)
        raw = torch.zeros(len(self._raw), samples) if result is None else result.raw
        raw = functional.pad(raw, (0, samples - raw.shape[1]))
        for growing, estimate in zip(self._raw, raw, strict=True):
            growing.begin(samples)
            growing.add(estimate[None])
        if result is not None:
            self._learn(result)
        self._pictures.append(self._picture(result, len(self._raw) + 3))
        self._stretches += 1

    def write(self, recording: Stream, folder: Path) -> tuple[str, ...]:
        """Every file of a result into the empty `folder`; what a person should know of it."""
        assert self.job is not None
        for growing in (*self._parts, *self._raw):
            growing.end()
        target = files.Files.of(self.job, folder)
        peak = max(growing.peak for growing in (*self._parts, *self._raw))
        scale = audio.scale_for(peak)
        target.raw[0].parent.mkdir()
        for path, growing in zip((target.mixture, *target.stems, target.residual), self._parts, strict=True):
            _write_wav(path, growing, self.rate, scale, recording.bits)
        for path, growing in zip(target.raw, self._raw, strict=True):
            _write_wav(path, growing, audio.SAMPLE_RATE, scale, recording.bits)
        told = self._report(recording, scale)
        files.write_losses(target.losses, self._losses)
        files.draw(self.job, self._pictured(), self.seconds, self._losses, target.figure)
        files.vouch(told, target)
        return tuple(told["notes"])

    def _learn(self, result: Result) -> None:
        """What the report will tell of a stretch."""
        self.job = self.job or result.job
        self.ending = result.ending
        steps = self._losses[-1].step + 1 if self._losses else 0
        self._losses += [Loss(steps + loss.step, loss.total, loss.terms) for loss in result.losses]
        told = report(result, scale=1.0)  # the whole has its own
        told["mixture"]["starts_seconds"] = self._stretches * STRETCH
        self._reports.append(told)
        absent, unheard = set(result.missing), set(result.job.heard.unheard)
        self._missing = absent if self._missing is None else self._missing & absent
        self._unheard = unheard if self._unheard is None else self._unheard & unheard

    def _report(self, recording: Stream, scale: float) -> dict[str, Any]:
        """The first stretch's report with what is true of the whole, and a list of the stretches."""
        told, each = dict(self._reports[0]), self._reports
        assert self.job is not None
        windows = [
            round(one["mixture"]["starts_seconds"] + start, 4)
            for one in each
            for start in one["mixture"]["window_starts_seconds"]
        ]
        told["mixture"] = told["mixture"] | {
            "seconds": round(self.seconds, 3),
            "window_starts_seconds": windows,
        }
        told["mixture"].pop("starts_seconds")
        told["output"] = told["output"] | {"scale": scale}
        told["terms"] = {name: _mean([one["terms"][name] for one in each]) for name in told["terms"]}
        told["total"] = _mean([one["total"] for one in each])
        if "leash" in told:
            told["leash"] = _mean([one["leash"] for one in each])
        for key in ("steps", "steps_done"):
            told[key] = sum(one[key] for one in each)
        told["ending"] = self.ending
        told["seconds"] = {key: round(sum(one["seconds"][key] for one in each), 3) for key in told["seconds"]}
        own = (note for note in self.job.notes if note not in self.job.heard.notes)
        stretches = f"{self.seconds:.0f} s are separated in stretches of {STRETCH} s."
        notes = (
            recording.note,
            left_out(sorted(self._unheard or ())),
            stretches,
            *own,
            *sorted(self._missing or ()),
        )
        told["notes"] = [note for note in notes if note]
        told["stretches"] = [
            {
                "starts_seconds": one["mixture"]["starts_seconds"],
                "seconds": one["mixture"]["seconds"],
                "total": one["total"],
                "gains": [source.get("gain") for source in one["sources"]],
                "ending": one["ending"],
            }
            for one in each
        ]
        for source in told["sources"]:
            source.pop("gain", None)
        return told

    def _picture(self, result: Result | None, sounds: int) -> Float[Tensor, "sounds rows columns"]:
        """Mixture, sum, stems and residual in decibels, in this stretch's share of the figure's columns."""
        stretches = max(1, math.ceil((self.total - OVERLAP) / STRETCH))
        columns = max(1, min(mel.COLUMNS, COLUMNS // stretches))
        if result is None:
            return torch.full((sounds, mel.ROWS, columns), 10 * math.log10(mel.EPS))
        signals = [result.job.heard.mono, result.raw.sum(0), *result.refined, result.residual]
        own = torch.stack(signals)[:, : STRETCH * audio.SAMPLE_RATE]
        return functional.adaptive_avg_pool1d(mel.decibels(own), columns)

    def _pictured(self) -> Float[Tensor, "sounds rows columns"]:
        """The whole, below the loudest cell of the mixture."""
        shown = torch.cat(self._pictures, -1)
        return (shown - shown[0].max()).clamp(-mel.RANGE_DECIBELS, 0)


def _quiet(
    piece: Float[Tensor, "channels samples"], parts: int
) -> Iterator[Float[Tensor, "parts channels block"]]:
    """Silence, all of which is the last part, the residual."""
    for block in piece.split(BLOCK, 1):
        quiet = block.new_zeros(parts - 1, *block.shape)
        yield torch.cat([quiet, block[None]])


def _write_wav(path: Path, growing: Growing, rate: int, scale: float, bits: int) -> None:
    with audio.writing(path, growing.channels, rate, scale, bits, growing.samples) as append:
        for block in growing.blocks():
            append(block)


def _mean(ends: list[dict[str, float]]) -> dict[str, float]:
    return {key: sum(one[key] for one in ends) / len(ends) for key in ends[0]}
