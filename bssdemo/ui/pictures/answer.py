"""A mixture unmixed: by a network, with the whole circle, or by one of the paper's baselines, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.baselines import glo, rpca
from bssdemo.baselines.glo import GloConfig
from bssdemo.evaluation.pictures import in_order, psnr, ssim
from bssdemo.snapshot import PictureSnapshot
from bssdemo.ui.pictures.case import Case
from bssdemo.unmix.steps import Step, steps

Method = str  # of METHODS
METHODS = {
    "unmix": "Unmix-and-remix",
    "supervised": "Supervised twin",
    "rpca": "Robust PCA",
    "glo": "GLO",
}
GLO = GloConfig(epochs=200, batch=32, shown=1, learning_rate=4e-3, latent_rate=4e-2)
GLO_MIXTURES = 32  # the visitor's and examples: two generators learn nothing from one mixture alone
LONGEST = 60.0  # seconds, after which a baseline is ended: the machine is shared


@dataclass(frozen=True)
class Score:
    """How close an estimate is to its true source."""

    psnr: float  # dB
    ssim: float


@dataclass(frozen=True, eq=False)
class Estimate:
    """What one method says of a mixture; `sources` and `truths` stand in the same order."""

    method: Method
    names: tuple[str, str]  # of the sources
    sources: Float[Tensor, "2 channels size size"]
    scores: tuple[Score, Score] | None  # where the truths are known
    seconds: float
    mask: Float[Tensor, "channels size size"] | None = None
    step: int = 1
    steps: int = 1
    curve: tuple[float, ...] = ()  # what is lowered, after every step
    status: str = "done"  # or searching, stopped, time limit


@dataclass(frozen=True, eq=False)
class Answer:
    """A case with a network's estimate, the truths in its order, and the circle with another mixture."""

    case: Case
    estimate: Estimate
    truths: Float[Tensor, "2 channels size size"] | None
    circle: tuple[Step, ...]  # empty when there is no second mixture

    @property
    def reference(self) -> Float[Tensor, "2 channels size size"]:
        """What other methods' sources are ordered by: the truths, or else this answer."""
        return self.estimate.sources if self.truths is None else self.truths


def unmix(case: Case, method: Method) -> Answer:
    """The case by the set's network trained on mixtures ("unmix") or with true sources ("supervised").

    Raises ValueError when there is no such network.
    """
    unmixer = {"unmix": case.chosen.blind, "supervised": case.chosen.twin}.get(method)
    if unmixer is None:
        known = [
            name for name, one in (("unmix", case.chosen.blind), ("supervised", case.chosen.twin)) if one
        ]
        told = METHODS.get(method, method)
        raise ValueError(f"{case.chosen.title}: {told} is not here. Available: {', '.join(known)}.")
    began = time.perf_counter()
    gallery = case.chosen.gallery
    partner = case.mixture if case.partner is None or gallery is None else gallery.mixture(case.partner)
    circle = tuple(steps(torch.stack([case.mixture, partner]), unmixer.network))
    unmixed = circle[1].unmixed
    assert unmixed is not None
    sources = unmixed.sources[0]
    truths = _ordered(case, sources, unmixer.sources)
    seconds = time.perf_counter() - began
    estimate = Estimate(
        method, unmixer.sources, sources, score(truths, sources), seconds, mask=unmixed.mask[0]
    )
    return Answer(case, estimate, truths, () if case.partner is None else circle)


def _ordered(
    case: Case, sources: Float[Tensor, "2 channels size size"], names: tuple[str, str]
) -> Float[Tensor, "2 channels size size"] | None:
    """The truths in the order of the sources: by their kinds where they are known, else by likeness."""
    if case.truths is None:
        return None
    if case.kinds is not None and set(case.kinds) == set(names):
        return case.truths if case.kinds == names else case.truths.flip(0)
    return in_order(sources[None], case.truths[None])[0][0]


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


def compare(answer: Answer, method: Method, stop: Callable[[], bool], seed: int = 0) -> Iterator[Estimate]:
    """A baseline on the answer's mixture, after every step; the last estimate is its own answer.

    Its sources have no names: they stand in the order that fits `answer.reference` better. GLO is fitted to the
    mixture and to mixtures of the set's examples together.
    """
    began, curve = time.perf_counter(), []
    ending = "done"

    def ended() -> bool:
        nonlocal ending
        late = time.perf_counter() - began > LONGEST
        ending = "stopped" if stop() else "time limit" if late else "done"
        return ending != "done"

    for snapshot in _snapshots(answer, method, ended, seed):
        curve.append(float(snapshot.total[0]))
        sources = in_order(answer.reference[None], snapshot.estimates[:1])[0][0]
        estimate = Estimate(
            method,
            answer.estimate.names,
            sources,
            score(answer.truths, sources),
            time.perf_counter() - began,
            step=snapshot.step,
            steps=snapshot.steps,
            curve=tuple(curve),
            status="searching",
        )
        if not snapshot.done:
            yield estimate
    yield replace(estimate, status=ending)


def _snapshots(
    answer: Answer, method: Method, stop: Callable[[], bool], seed: int
) -> Iterator[PictureSnapshot]:
    mixture = answer.case.mixture[None]
    if method == "rpca":
        return rpca.separate(mixture, stop=stop)
    if method != "glo":
        raise ValueError(f"There is nothing to compare with called {method}. Available: rpca, glo.")
    gallery = answer.case.chosen.gallery
    others = mixture[:0] if gallery is None else gallery.mixtures(GLO_MIXTURES)
    differ = (others - mixture).abs().amax(dim=(1, 2, 3)) > 0  # an example is not fitted to twice
    fitted = torch.cat([mixture, others[differ]])[:GLO_MIXTURES]
    return glo.separate(fitted, GLO, seed=seed, stop=stop)
