"""The mixture of a finished run through other methods: what they get, what they do, what they leave. No Gradio here.

Components without names are kept in the order found and put in another one only to be shown.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo import audio
from bssdemo.baselines.catalogue import Baseline
from bssdemo.offline import MOST_SECONDS
from bssdemo.search.refine import refine
from bssdemo.snapshot import Snapshot
from bssdemo.ui import picture
from bssdemo.ui.compare_methods import UNMIX, catalogue, check, component_names, lacking
from bssdemo.ui.frame import Frame, decode, encode
from bssdemo.ui.job import longest_run
from bssdemo.ui.kept import Kept
from bssdemo.ui.live import paced
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf


@dataclass(frozen=True)
class Heard:
    """What a finished run was about: mono, 16 kHz, at the recording's level."""

    sources: tuple[str, ...]  # prior names, one per stem
    labels: tuple[str, ...]
    mono: Float[Tensor, " samples"]
    raw: Float[Tensor, "K samples"]  # the search's estimates

    @property
    def seconds(self) -> float:
        return len(self.mono) / audio.SAMPLE_RATE

    @property
    def refined(self) -> Float[Tensor, "K samples"]:
        """The stems as the run refined them."""
        return refine(self.mono, self.raw).stems


@dataclass(frozen=True)
class Row:
    """What one method left: its last frame, and a mono 16 kHz wav per component, each `scale` times as loud."""

    method: str
    names: tuple[str, ...]  # of the components
    frame: str
    files: tuple[Path, ...]
    scale: float

    def estimates(self) -> Float[Tensor, "K samples"]:
        """The components at the recording's level."""
        return _mono(self.files) / self.scale

    def arranged(self, order: Sequence[int], names: Sequence[str]) -> Row:
        """The same with component order[k] in place k, under names[k]."""
        frame = decode(self.frame)
        pictures = frame.spectrograms[[0, 1, *(2 + at for at in order)]]
        shown = encode(replace(frame, names=tuple(names), spectrograms=pictures))
        return replace(self, names=tuple(names), frame=shown, files=tuple(self.files[at] for at in order))


@dataclass(eq=False)
class Compared:
    """What a comparison has left so far, held by a gr.State as `Kept` is."""

    rows: list[Row] = field(default_factory=list)


def heard(kept: Kept) -> Heard:
    """Read back what was kept of a run, live or recorded."""
    mono = audio.to_mono_16k(audio.read(kept.mixture, MOST_SECONDS)) / kept.scale
    return Heard(kept.sources, kept.labels, mono, _mono(kept.stems["raw"]) / kept.scale)


def _mono(files: Sequence[Path]) -> Float[Tensor, "K samples"]:
    return torch.stack([audio.read(file, MOST_SECONDS).samples[0] for file in files])


@dataclass(frozen=True)
class Order:
    """One method, what it is to take apart (mono, 16 kHz), and what its components are called."""

    method: Baseline
    mono: Float[Tensor, " samples"]
    names: tuple[str, ...]


def order(file: str | Path | None, method: str, sources: str, shelf: Shelf) -> Order:
    """What is asked for; `sources` are priors' names with commas between them, or how many there are.

    Raises ValueError, with a sentence, if the mixture is not to be had or the method cannot take it apart.
    """
    if not file:
        raise ValueError("Choose a mixture first.")
    kinds = tuple(name.strip() for name in sources.split(",") if name.strip())
    count = int(kinds[0]) if len(kinds) == 1 and kinds[0].isdecimal() else len(kinds)
    if method == UNMIX and (refused := lacking(kinds, shelf)):
        raise ValueError(
            f"{refused} Name them: {' or '.join(','.join(one.sources) for one in shelf.unmixers)}."
        )
    mono = audio.to_mono_16k(audio.read(file, MOST_SECONDS))
    methods = catalogue(kinds, shelf)
    check([method], methods, count, len(mono) / audio.SAMPLE_RATE)
    labels = [shelf.label(name) if method == UNMIX else name for name in kinds]
    return Order(
        methods[method], mono, component_names(method, labels if len(labels) == count else [""] * count)
    )


def run(
    method: Baseline, mono: Float[Tensor, " samples"], names: Sequence[str], session: Session
) -> Iterator[tuple[Snapshot, str | None]]:
    """A method's snapshots, with a board frame where one is due; ends early when asked, or at its time limit.

    `names` are those of its components.
    """
    reference = picture.reference(mono)
    mixture = picture.levels(mono[None], reference)
    seconds = len(mono) / audio.SAMPLE_RATE
    began, ending = time.perf_counter(), "done"

    def stop() -> bool:
        nonlocal ending
        if session.stopped:
            ending = "stopped"
        elif time.perf_counter() - began > longest_run(seconds):
            ending = "time limit"
        return ending != "done"

    def draw(snapshot: Snapshot, status: str) -> str:
        return encode(
            Frame(
                status=status,
                step=snapshot.step,
                steps=snapshot.steps,
                seconds=snapshot.elapsed,
                duration=seconds,
                names=tuple(names),
                weights=(),
                spectrograms=np.concatenate([mixture, picture.with_sum(snapshot.estimates, reference)]),
                curve_steps=np.zeros(0, np.int64),
                curves=np.zeros((len(names), 0, 0)),
                total=np.zeros(0),
            )
        )

    yield from paced(method.separate(mono, len(names), stop=stop), draw, lambda: ending)


def write(method: str, answer: Snapshot, frame: str, folder: Path) -> Row:
    """Write a method's components into `folder`; `frame` is its last."""
    scale = audio.common_scale(answer.estimates)
    files = tuple(folder / f"{method}-{k + 1}.wav" for k in range(len(answer.estimates)))
    for file, estimate in zip(files, answer.estimates, strict=True):
        audio.write_wav(file, estimate, scale=scale)
    return Row(method, decode(frame).names, frame, files, scale)
