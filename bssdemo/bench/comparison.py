"""Our own methods against the best baseline, mixture by mixture: both were scored on the same ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from bssdemo.bench import paper
from bssdemo.bench.combinations import LABELS, LOWER_IS_BETTER, Group
from bssdemo.bench.intervals import interval
from bssdemo.bench.markdown import number, span, table


@dataclass(frozen=True)
class Advantage:
    """By how much one side is better than the other, on average over the mixtures scored for both; below 0: worse."""

    mean: float
    ends: tuple[float, float]  # of the 95 % interval
    n: int


def advantage(group: Group, method: str, other: str, metric: str, stem: str) -> Advantage | None:
    """Of `method` over `other`; None where they share no scored mixture."""
    ours, theirs = (group.values(name, metric, stem) for name in (method, other))
    count = min(len(ours), len(theirs))
    differences = ours[:count] - theirs[:count]
    differences = differences[~np.isnan(differences)]
    if not len(differences):
        return None
    if metric in LOWER_IS_BETTER:
        differences = -differences
    return Advantage(float(differences.mean()), interval(differences), len(differences))


def best(group: Group, ours: Sequence[str], methods: Sequence[str], metric: str, stem: str) -> str | None:
    """The one of `methods` over which the first of `ours` has the least advantage; None where none can be compared.

    Where all were run on the same mixtures that is the one with the best mean; a method that was run on fewer is
    judged by those alone.
    """
    held = next((name for name in ours if name in group.methods), None)
    if held is None:
        return None
    found = {name: advantage(group, held, name, metric, stem) for name in methods}
    means = {name: one.mean for name, one in found.items() if one is not None}
    return min(means, key=means.__getitem__, default=None)


def against_baselines(groups: Sequence[Group], ours: Sequence[str], baselines: Collection[str]) -> str:
    """A row for every cell of the paper's metrics, and how many of them each of our methods wins; "" for no cells."""
    rows = [
        [
            "combination",
            "metric",
            "source",
            "best baseline",
            "its mean",
            *(f"{name} is better by" for name in ours),
        ]
    ]
    won: dict[str, list[Advantage]] = {name: [] for name in ours}
    for group in groups:
        there = [name for name in group.methods if name in baselines]
        for metric in paper.METRICS:
            for stem in group.stems:
                rival = best(group, ours, there, metric, stem)
                if rival is None:
                    continue
                row = ["-".join(group.sources), LABELS[metric], stem, rival]
                row.append(number(group.cells[rival, metric, stem].mean))
                for name in ours:
                    found = advantage(group, name, rival, metric, stem) if name in group.methods else None
                    row.append(_told(found))
                    won[name] += [] if found is None else [found]
                rows.append(row)
    if len(rows) == 1:
        return ""
    sentences = [
        f"{name} has the better mean in {sum(one.mean > 0 for one in found)} of {len(found)} cells, in "
        f"{sum(one.ends[0] > 0 for one in found)} of them with the whole interval above 0; the best baseline's whole "
        f"interval is better in {sum(one.ends[1] < 0 for one in found)}."
        for name, found in won.items()
        if found
    ]
    return "\n\n".join([table(rows), *sentences])


def _told(found: Advantage | None) -> str:
    if found is None:
        return ""
    mean = number(found.mean, signed=True)
    mean = f"**{mean}**" if found.ends[0] > 0 else mean
    return f"{mean} {span(found.ends, signed=True)}, n = {found.n}"
