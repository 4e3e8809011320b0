"""Other methods on the mixture of a finished run: which there are, what they leave, and how it is put in order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from bssdemo.separation import METHODS, Job, Networks, Request, Run, prepare
from bssdemo.separation.files import write_estimates
from bssdemo.separation.forecast import longest_run
from bssdemo.separation.methods import SEARCH
from bssdemo.separation.request import SHARED, too_long
from bssdemo.separation.scores import Stems, Truths
from bssdemo.snapshot import Snapshot
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.board.frame import Frame
from bssdemo.ui.board.painter import painter, watched
from bssdemo.ui.session import Folder, Turn


@dataclass(frozen=True, eq=False)
class Answer:
    """What one method left: its stems as it gave them, a mono 16 kHz wav each, and its last frame."""

    job: Job
    labels: tuple[str, ...]
    estimates: Float[Tensor, "K samples"]
    files: tuple[Path, ...]
    frame: Frame

    @property
    def stems(self) -> Stems:
        """For scoring."""
        return Stems(self.estimates, self.job.method.named)

    def arranged(self, truths: Truths | None, labels: Sequence[str]) -> Answer:
        """Components without names in the order of the true sources, if they are known, called `labels`."""
        if truths is None or self.job.method.named:
            return self
        order = truths.order(self.estimates)
        names = tuple(f"nearest to {label}" for label in labels)
        pictures = self.frame.spectrograms[[0, 1, *(2 + at for at in order)]]
        return replace(
            self,
            labels=names,
            estimates=self.estimates[order],
            files=tuple(self.files[at] for at in order),
            frame=replace(self.frame, names=names, spectrograms=pictures),
        )


@dataclass(eq=False)
class Compared:
    """What a comparison has left so far, in the order found; held by a gr.State as an Outcome is."""

    folder: Folder
    answers: dict[str, Answer] = field(default_factory=dict)  # by method


def offered(sources: Sequence[str], seconds: float, networks: Networks) -> tuple[list[str], list[str]]:
    """The methods that take so much recording of these sources, and in plain words why others do not."""
    takes, refusals = [], []
    for name, method in METHODS.items():
        if name == SEARCH:
            continue
        refused = method.lacking(sources, networks) or too_long(method, seconds)
        if refused:
            refusals.append(refused)
        else:
            takes.append(name)
    return takes, refusals


def ordered(chosen: Collection[str], outcome: Outcome, networks: Networks) -> dict[str, Job]:
    """The chosen methods' jobs, in the methods' order. Raises ValueError with a sentence for the visitor."""
    if not chosen:
        raise ValueError("Tick at least one method to compare with.")
    names = [name for name in METHODS if name in chosen]
    names += [name for name in chosen if name not in METHODS]  # they are refused
    return {name: prepare(outcome.heard, Request(outcome.sources, name), networks, SHARED) for name in names}


def running(job: Job, turn: Turn) -> Iterator[tuple[Snapshot, Frame | None]]:
    """A method's snapshots, with a board frame where one is due; ends early when asked, or at its time limit."""
    run = Run(job, None, turn.ends, longest_run(job))
    yield from watched(run, painter(run))


def answered(job: Job, last: Snapshot, frame: Frame | None, folder: Path) -> Answer:
    """A method's last snapshot and frame, its stems written into a new `folder`."""
    assert frame is not None, "the last snapshot has a frame"
    folder.mkdir()
    return Answer(job, job.labels, last.estimates, write_estimates(job, last.estimates, folder), frame)
