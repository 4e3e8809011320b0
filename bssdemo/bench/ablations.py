"""Labelled runs beside each other: what a loss term, a starting point or a stage of the method is worth.

A label is "table/row", for example "losses/without spectral"; a run with several is a row of several tables. Every
value is the mean over the sources of a mixture, so that a run is one row; the first run of a table is what the others
are held against.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from bssdemo.bench.combinations import LABELS, Group, unique
from bssdemo.bench.intervals import interval
from bssdemo.bench.markdown import number, span, table


def render(groups: Sequence[Group]) -> str:
    """One table per combination and name before the slash, a row for every run and method."""
    tables: dict[tuple[str, str], list[tuple[str, Group]]] = {}
    for group in groups:
        for label in group.labels:
            head, _, row = label.partition("/")
            tables.setdefault((head, "-".join(group.sources)), []).append((row or head, group))
    parts = [f"### {head}, {sources}\n\n{_table(runs)}" for (head, sources), runs in sorted(tables.items())]
    return "\n\n".join(parts)


def _table(runs: Sequence[tuple[str, Group]]) -> str:
    """`runs`: (name of the row, run). A method that only one of several runs has is held against nothing: left out."""
    groups = [group for _, group in runs]
    metrics = [
        metric for metric in LABELS if any(key[1] == metric for group in groups for key in group.cells)
    ]
    rows = [["run", "method", *(LABELS[metric] for metric in metrics), "n", "seconds a mixture"]]
    for method in unique(name for group in groups for name in group.methods):
        there = [(name, group) for name, group in runs if method in group.methods]
        if len(there) < min(2, len(runs)):
            continue
        for name, group in there:
            cells = [_cell(group, there[0][1], method, metric) for metric in metrics]
            seconds = group.cells[method, metrics[0], group.stems[0]].seconds
            rows.append([name, method, *cells, str(group.mixtures(method)), number(seconds)])
    return table(rows)


def _cell(group: Group, first: Group, method: str, metric: str) -> str:
    values = _over_sources(group, method, metric)
    if np.isnan(values).all():
        return number(None)
    mean = number(float(np.nanmean(values)))
    if group is first:
        return mean
    reference = _over_sources(first, method, metric)
    count = min(len(values), len(reference))
    differences = values[:count] - reference[:count]
    differences = differences[~np.isnan(differences)]
    if not len(differences):
        return mean
    return f"{mean} ({number(float(differences.mean()), signed=True)} {span(interval(differences), signed=True)})"


def _over_sources(group: Group, method: str, metric: str) -> Float[np.ndarray, " mixtures"]:
    """NaN where a source has no score."""
    return np.mean([group.values(method, metric, stem) for stem in group.stems], axis=0)
