"""Run a separator over mixtures in batches and score what it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from bssdemo.bench.methods import Row, Separate
from bssdemo.bench.records import Record, rounded
from bssdemo.metrics.assignment import assign
from bssdemo.metrics.audio import METRICS
from bssdemo.separation.names import numbered
from bssdemo.separation.sharing import Sharing

FORMULA = Sharing()


@dataclass(frozen=True)
class Scores:
    """One method on one batch: metric name -> (B, K), NaN where a metric does not apply."""

    method: str
    values: Mapping[str, Float[Tensor, "B K"]]
    seconds: float  # wall time of the separation per mixture


def score(
    separate: Separate,
    rows: Mapping[str, Row],
    mix: Float[Tensor, "M samples"],
    refs: Float[Tensor, "M K samples"],
    sources: Sequence[str],
    batch: int = 16,
    advance: Callable[[float], object] = lambda mixtures: None,
    first: int = 0,
    share: Sharing = FORMULA,
) -> Iterator[list[Scores]]:
    """Separate the mixtures from number `first` on, `batch` at a time; after each, what every row scores.

    All `rows` make their answers of the batch's last snapshot. Stems of the same kind in `sources`, and all of a
    row whose stems are unnamed, are taken in their best order (`assign`), the others as the method gives them.
    `share` is what rows share mixtures out with. `advance` is told how many further mixtures are done, in fractions
    while a batch is under way.
    """
    for start in range(first, len(mix), batch):
        mixes, truth = mix[start : start + batch], refs[start : start + batch]
        began, told = time.perf_counter(), 0.0
        for snapshot in separate(mixes, start):
            done = len(mixes) * snapshot.step / max(snapshot.steps, 1)
            advance(done - told)
            told = done
        separated = time.perf_counter() - began
        scored = []
        for name, row in rows.items():
            began = time.perf_counter()
            stems = row.answer(mixes, snapshot.estimates, truth, share)
            seconds = separated + time.perf_counter() - began
            stems = assign(truth, stems, ["component"] * len(sources) if row.unnamed else sources)
            values = {metric: function(truth, stems) for metric, function in METRICS.items()}
            scored.append(Scores(name, values, seconds / len(mixes)))
        advance(len(mixes) - told)
        yield scored


def to_records(scores: Scores, sources: Sequence[str]) -> list[Record]:
    """One record per metric and stem."""
    return [
        Record(
            ",".join(sources),
            scores.method,
            stem,
            metric,
            tuple(rounded(value, metric) for value in column.tolist()),
            scores.seconds,
        )
        for metric, values in scores.values.items()
        for stem, column in zip(numbered(sources), values.unbind(1), strict=True)
    ]
