"""Run a separator over mixtures in batches and score what it answers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.evaluation.assignment import assign
from bssdemo.evaluation.methods import Answer, Separator
from bssdemo.evaluation.metrics import METRICS
from bssdemo.evaluation.mixtures import stem_names
from bssdemo.evaluation.records import Record


@dataclass(frozen=True)
class Scores:
    """Every value of one method: metric name -> (M, K), NaN where a metric does not apply."""

    method: str
    values: Mapping[str, Float[Tensor, "M K"]]
    seconds: float  # wall time of the separation per mixture


def score(
    separator: Separator,
    answers: Mapping[str, Answer],
    mix: Float[Tensor, "M samples"],
    refs: Float[Tensor, "M K samples"],
    sources: Sequence[str],
    batch: int = 16,
    advance: Callable[[float], object] = lambda mixtures: None,
) -> list[Scores]:
    """Separate all mixtures, `batch` at a time, and score every answer made of a batch's last snapshot against `refs`.

    `answers` has one entry per method, whose name is the key. Stems of the same source are taken in their
    best order (`assign`), the others as the method gives them. `advance` is told how many further mixtures
    are done, in fractions while a batch is under way.
    """
    values: dict[str, dict[str, list[Tensor]]] = {
        name: {metric: [] for metric in METRICS} for name in answers
    }
    seconds = dict.fromkeys(answers, 0.0)
    for mixes, truth in zip(mix.split(batch), refs.split(batch), strict=True):
        began, told = time.perf_counter(), 0.0
        for snapshot in separator(mixes):
            done = len(mixes) * snapshot.step / max(snapshot.steps, 1)
            advance(done - told)
            told = done
        separated = time.perf_counter()
        for name, answer in answers.items():
            answering = time.perf_counter()
            stems = answer(mixes, snapshot.estimates, truth)
            seconds[name] += separated - began + time.perf_counter() - answering
            stems = assign(truth, stems, sources)
            for metric, function in METRICS.items():
                values[name][metric].append(function(truth, stems))
        advance(len(mixes) - told)
    return [
        Scores(
            name,
            {metric: torch.cat(parts) for metric, parts in values[name].items()},
            seconds[name] / len(mix),
        )
        for name in answers
    ]


def summarise(scores: Scores, sources: Sequence[str]) -> list[Record]:
    """Mean and median over the mixtures that have a value, for every metric and stem."""
    records = []
    for metric, values in scores.values.items():
        for stem, column in zip(stem_names(sources), values.unbind(1), strict=True):
            kept = column[~column.isnan()]
            # torch's median takes the lower of the two middle values; the quantile is their mean
            mean, median = (
                (kept.mean(), kept.quantile(0.5)) if len(kept) else (column.new_tensor(math.nan),) * 2
            )
            records.append(
                Record(
                    sources=",".join(sources),
                    method=scores.method,
                    stem=stem,
                    metric=metric,
                    mean=_finite(mean),
                    median=_finite(median),
                    n=len(kept),
                    seconds=scores.seconds,
                )
            )
    return records


def _finite(value: Tensor) -> float | None:
    number = value.item()
    return number if math.isfinite(number) else None
