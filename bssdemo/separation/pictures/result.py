"""What a separation of a picture found: both sources, the mask, scores where the truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.metrics.pictures import in_order, psnr, ssim
from bssdemo.separation.pictures.mixtures import PictureMixture
from bssdemo.separation.pictures.request import PictureJob
from bssdemo.snapshot import PictureSnapshot
from bssdemo.unmix.cycle import Step, steps

Ending = Literal["searching", "done", "stopped", "time limit"]  # the first while a run still goes on


@dataclass(frozen=True)
class Score:
    """How close an estimate is to its true source."""

    psnr: float  # dB
    ssim: float


@dataclass(frozen=True, eq=False)
class PictureResult:
    """What one method says of a mixture; `names`, `sources`, `truths` and `scores` stand in the same order."""

    job: PictureJob
    names: tuple[str, str]
    sources: Float[Tensor, "2 channels size size"]
    mask: Float[Tensor, "channels size size"] | None  # of the first source; None: the method has none
    truths: Float[Tensor, "2 channels size size"] | None
    scores: tuple[Score, Score] | None  # where the truths are known
    step: int
    steps: int
    curve: tuple[float, ...]  # what is lowered, after every step
    seconds: float
    ending: Ending

    @property
    def method(self) -> str:
        """The method's name."""
        return self.job.request.method

    @property
    def title(self) -> str:
        """The method as people read it."""
        return self.job.method.title

    @property
    def mixture(self) -> PictureMixture:
        """What was taken apart."""
        return self.job.mixture

    @property
    def reference(self) -> Float[Tensor, "2 channels size size"]:
        """What other methods' sources are ordered by: the truths, or else this result."""
        return self.sources if self.truths is None else self.truths


def conclude(
    job: PictureJob,
    snapshot: PictureSnapshot,
    curve: tuple[float, ...],
    ending: Ending,
    beside: PictureResult | None = None,
) -> PictureResult:
    """Sources and truths in one order, and their scores.

    A network's sources stand as it names them, and the truths as they do. Sources without names stand as they fit
    the truths, or what `beside` found, better.
    """
    sources, names, truths = snapshot.estimates[0], job.names, job.mixture.truths
    if job.method.named:
        truths = _ordered(job.mixture, sources, names)
    elif beside is not None:
        names, truths = beside.names, beside.truths
        sources = in_order(beside.reference[None], sources[None])[0][0]
    elif truths is not None:
        sources = in_order(truths[None], sources[None])[0][0]
    return PictureResult(
        job,
        names,
        sources,
        None if snapshot.masks is None else snapshot.masks[0],
        truths,
        score(truths, sources),
        snapshot.step,
        snapshot.steps,
        () if job.method.named else curve,  # one pass lowers nothing
        snapshot.elapsed,
        ending,
    )


def training_cycle(result: PictureResult) -> tuple[Step, ...]:
    """The cycle that trained the network, with this mixture and the example beside it; empty without examples."""
    examples, network = result.mixture.set.examples, result.job.setup.network
    if examples is None or network is None:
        return ()
    partner = examples.mixture(result.mixture.partner)
    return tuple(steps(torch.stack([result.mixture.values, partner]), network))


def score(
    truths: Float[Tensor, "2 channels size size"] | None, sources: Float[Tensor, "2 channels size size"]
) -> tuple[Score, Score] | None:
    """PSNR and SSIM of both sources."""
    if truths is None:
        return None
    first, second = (
        Score(float(p), float(s)) for p, s in zip(psnr(truths, sources), ssim(truths, sources), strict=True)
    )
    return first, second


def _ordered(
    mixture: PictureMixture, sources: Float[Tensor, "2 channels size size"], names: tuple[str, str]
) -> Float[Tensor, "2 channels size size"] | None:
    """The truths in the order of the sources: by their kinds where they are known, else by likeness."""
    if mixture.truths is None:
        return None
    if mixture.kinds is not None and set(mixture.kinds) == set(names):
        return mixture.truths if mixture.kinds == names else mixture.truths.flip(0)
    return in_order(sources[None], mixture.truths[None])[0][0]
