"""Benchmark files as Markdown: in the shape of the paper's Tables 1-4, all the paper's rows beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bssdemo.bench import comparison, paper
from bssdemo.bench.combinations import LABELS, LOWER_IS_BETTER, Group, grouped
from bssdemo.bench.intervals import interval
from bssdemo.bench.markdown import NONE, folded, number, span, table
from bssdemo.bench.records import Record, RecordError, Results

OURS = ("refined", "raw")  # the page's own stems, which are held against the paper's and the baselines
CELLS_OF_PAPER = sum(map(len, paper.TABLES))  # nine sources in Tables 1-4, so nine cells per metric
MARKERS = "<!-- {name}: begin -->", "<!-- {name}: end -->"


def insert(page: str, text: str, name: str = "tables") -> str:
    """The page with everything between its two marker lines of this name replaced by `text`."""
    begin, end = (marker.format(name=name) for marker in MARKERS)
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise RecordError(f"the page must have the line '{begin}' and, after it, the line '{end}', once each")
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}"


def render(groups: Sequence[Group], pictures: str | None = None) -> str:
    """One table per combination, then our methods against the best baseline, then against the paper's means.

    `pictures`: the folder of the figures, to be shown below the tables that have one.
    """
    parts = []
    for group in groups:
        parts.append(f"### {group.title}\n\n{combination(group)}")
        if pictures is not None and not group.odd:
            parts.append(f"![{group.title}: means and intervals]({pictures}/{_picture(group)})")
    usual = [group for group in groups if not group.odd]
    compared = comparison.against_baselines(usual, OURS, baselines())
    if compared:
        parts.append(f"### Against the best baseline\n\n{compared}")
    return "\n\n".join([*parts, verdict(usual)])


def baselines() -> list[str]:
    """The methods that are baselines: components without names."""
    from bssdemo.bench.methods import rows

    return [name for name, row in rows().items() if row.unnamed]


def combination(group: Group) -> str:
    """Means with their 95 % intervals, ours above the paper's; the medians folded away below.

    Means at least as good as those of the paper's own method are bold.
    """
    columns = [(metric, stem) for metric in LABELS for stem in group.stems]
    heads = [f"{LABELS[metric]}, {stem}" for metric, stem in columns]
    means = [["method", *heads, "n", "seconds a mixture"]]
    medians = [["method", *heads]]
    for method in group.methods:
        found = [group.cells[method, metric, stem] for metric, stem in columns]
        name = f"{method} \\*" if method in baselines() else method
        count = group.mixtures(method)
        cells = [_mean(group, record, count) for record in found]
        means.append([name, *cells, str(count), number(found[0].seconds)])
        medians.append([name, *(number(record.median) for record in found)])
    for name in () if group.people else paper.methods(group.sources):
        theirs = [paper.value(group.sources, name, metric, stem) for metric, stem in columns]
        means.append([f"the paper's {name}", *("" if v is None else number(v) for v in theirs), "1000", ""])
    return f"{table(means)}\n\n{folded('Medians', table(medians))}"


def by_metric(results: Results) -> str:
    """For one file: a table per metric, mean and median side by side for every stem, the paper's method below."""
    (group,) = grouped([results])
    parts = []
    for metric, label in LABELS.items():
        better = "lower" if metric in LOWER_IS_BETTER else "higher"
        rows = [["method", *(f"{stem} {kind}" for stem in group.stems for kind in ("mean", "median"))]]
        for method in group.methods:
            found = [group.cells[method, metric, stem] for stem in group.stems]
            rows.append([method, *(number(v) for record in found for v in (record.mean, record.median))])
        theirs = [paper.value(group.sources, paper.PROPOSED, metric, stem) for stem in group.stems]
        if None not in theirs:
            rows.append(
                [f"the paper's {paper.PROPOSED}", *(t for mean in theirs for t in (number(mean), ""))]
            )
        parts.append(f"{label}, {better} is better\n\n{table(rows)}")
    rows = [["method", "mixtures", "seconds a mixture"]]
    for method in group.methods:
        seconds = group.cells[method, "sir", group.stems[0]].seconds
        rows.append([method, str(group.mixtures(method)), number(seconds)])
    return "\n\n".join([*parts, table(rows), verdict([group])])


def verdict(groups: Sequence[Group]) -> str:
    """In how many of the paper's cells our own methods are at least as good, a sentence for each method."""
    sentences = []
    records = [record for group in groups for record in group.cells.values() if _paper(record) is not None]
    for method in OURS:
        cells = {
            metric: [r for r in records if (r.method, r.metric) == (method, metric)]
            for metric in paper.METRICS
        }
        counts = [
            f"{LABELS[name]} {sum(map(_reaches, found))} of {len(found)}" for name, found in cells.items()
        ]
        missing = CELLS_OF_PAPER - len(cells["sir"])
        rest = f" ({missing} of its {CELLS_OF_PAPER} are not measured here)" if missing > 0 else ""
        if cells["sir"]:
            sentences.append(f"Cells in which {method} reaches the paper's mean: {', '.join(counts)}{rest}.")
    return "\n\n".join(sentences) or "None of these results can be held against the paper's."


def _mean(group: Group, record: Record, count: int) -> str:
    if record.mean is None:
        return NONE
    mean = f"**{number(record.mean)}**" if _reaches(record) and not group.people else number(record.mean)
    fewer = f", n = {record.n}" if record.n < count else ""
    values = group.values(record.method, record.metric, record.stem)
    return f"{mean} {span(interval(values[~np.isnan(values)]))}{fewer}"


def _paper(record: Record) -> float | None:
    return paper.value(record.sources.split(","), paper.PROPOSED, record.metric, record.stem)


def _reaches(record: Record) -> bool:
    theirs = _paper(record)
    if theirs is None or record.mean is None:
        return False
    mean = round(record.mean, 5)  # of values rounded themselves
    return mean <= theirs if record.metric in LOWER_IS_BETTER else mean >= theirs


def draw(groups: Sequence[Group], folder: Path) -> None:
    """<combination>.png: a panel for every source and metric of the paper."""
    from bssdemo import plots

    folder.mkdir(parents=True, exist_ok=True)
    for group in groups:
        panels = [
            plots.Panel(
                f"{stem}: {LABELS[metric]}{', less is better' if metric in LOWER_IS_BETTER else ''}",
                [_dot(group, method, metric, stem) for method in group.methods],
                paper.value(group.sources, paper.PROPOSED, metric, stem),
            )
            for stem in group.stems
            for metric in paper.METRICS
        ]
        emphasised = {name for name in group.methods if name not in baselines()}
        figure = plots.comparison(group.methods, panels, len(paper.METRICS), emphasised, "the paper's mean")
        plots.save(figure, folder / _picture(group))


def _picture(group: Group) -> str:
    return f"{'-'.join(group.sources)}.png"


def _dot(group: Group, method: str, metric: str, stem: str) -> tuple[float, float, float] | None:
    """Mean and interval."""
    values = group.values(method, metric, stem)
    values = values[~np.isnan(values)]
    return (float(values.mean()), *interval(values)) if len(values) else None
