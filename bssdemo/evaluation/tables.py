"""Benchmark records as Markdown: in the shape of the paper's Tables 1-4, the paper's row beside ours.

python -m bssdemo bench tables FILE... [--into docs/BENCHMARKS.md]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from bssdemo.evaluation import paper
from bssdemo.evaluation.records import Record, RecordError, read_all

LABELS = {
    "spectral_snr": "Spectral SNR (dB)",
    "envelope_distance": "RMS env. distance",
    "sir": "SIR (dB)",
    "si_sdr": "SI-SDR (dB)",
}
LOWER_IS_BETTER = {"envelope_distance"}
OURS = ("raw", "refined")  # the methods that are held against the paper's own row
PAPER_ROW = "paper, proposed"
CELLS_OF_PAPER = sum(
    len(sources) for sources in paper.TABLES
)  # nine sources in Tables 1-4, so nine cells per metric
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
NONE = "n/a"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench tables`."""
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="results written by bench audio --json"
    )
    parser.add_argument(
        "--into", type=Path, metavar="PAGE", help="put the tables between this page's two markers"
    )


def run(args: argparse.Namespace) -> int:
    """Print the tables, or write them into a page. Raises RecordError when a file cannot be used."""
    text = render([record for results in read_all(args.files) for record in results.records])
    if args.into is None:
        print(text)
        return 0
    try:
        page = args.into.read_text(encoding="utf-8")
    except OSError as error:
        raise RecordError(f"{args.into}: cannot be read ({error.strerror})") from error
    args.into.write_text(insert(page, text), encoding="utf-8")
    return 0


def insert(page: str, text: str) -> str:
    """The page with everything between its two marker lines replaced by `text`."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise RecordError(f"the page must have the line '{BEGIN}' and, after it, the line '{END}', once each")
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}"


def render(records: Sequence[Record]) -> str:
    """One table per combination of sources, those of the paper first, then how many cells reach the paper.

    A cell is "mean (median)"; means at least as good as the paper's are bold. As in the paper, methods are rows
    for two sources and columns for more.
    """
    if not records:
        raise RecordError("there are no records to make a table of")
    combinations = sorted(
        _unique(r.sources for r in records), key=lambda s: paper.table_number(s.split(",")) or 99
    )
    parts = [_combination([r for r in records if r.sources == sources]) for sources in combinations]
    return "\n\n".join([*parts, verdict(records)])


def by_metric(records: Sequence[Record]) -> str:
    """For one combination: a table per metric, mean and median side by side for every stem, the paper below."""
    stems, methods = _unique(r.stem for r in records), _unique(r.method for r in records)
    sources, cells = records[0].sources.split(","), _index(records)
    parts = []
    for metric in LABELS:
        better = "lower" if metric in LOWER_IS_BETTER else "higher"
        rows = [["method", *(f"{stem} {kind}" for stem in stems for kind in ("mean", "median"))]]
        for method in methods:
            found = [cells[method, metric, stem] for stem in stems]
            rows.append([method, *(_number(v) for record in found for v in (record.mean, record.median))])
        if metric in paper.METRICS and paper.table_number(sources) is not None:
            means = [paper.value(sources, paper.PROPOSED, metric, stem) for stem in stems]
            rows.append([PAPER_ROW, *(text for mean in means for text in (_number(mean), ""))])
        parts.append(f"{LABELS[metric]}, {better} is better\n\n{_markdown(rows)}")
    seconds = {record.method: record.seconds for record in records}
    times = ", ".join(f"{method} {seconds[method]:.2f}" for method in methods)
    counted = max(record.n for record in records)
    return "\n\n".join([*parts, f"{counted} mixtures; seconds per mixture: {times}", verdict(records)])


def verdict(records: Sequence[Record]) -> str:
    """In how many of the paper's cells our own methods are at least as good, a sentence for each method."""
    compared = [r for r in records if r.method in OURS and _paper(r) is not None]
    if not compared:
        return "None of these results can be held against the paper's."
    sentences = []
    for method in _unique(r.method for r in compared):
        cells = {
            metric: [r for r in compared if (r.method, r.metric) == (method, metric)]
            for metric in paper.METRICS
        }
        counts = [
            f"{LABELS[metric]} {sum(map(_reaches, found))} of {len(found)}" for metric, found in cells.items()
        ]
        missing = CELLS_OF_PAPER - len(cells["spectral_snr"])
        rest = f" ({missing} of its {CELLS_OF_PAPER} are not measured here)" if missing > 0 else ""
        sentences.append(f"Cells in which {method} reaches the paper's mean: {', '.join(counts)}{rest}.")
    return "\n\n".join(sentences)


def _combination(records: Sequence[Record]) -> str:
    stems, methods = _unique(r.stem for r in records), _unique(r.method for r in records)
    sources, cells = records[0].sources.split(","), _index(records)
    columns = [(metric, stem) for metric in paper.METRICS for stem in stems]
    rows = [["method", *(f"{LABELS[metric]}, {stem}" for metric, stem in columns), "seconds a mixture"]]
    for method in methods:
        found = [cells[method, metric, stem] for metric, stem in columns]
        full = max(record.n for record in records)
        rows.append([method, *(_cell(record, full) for record in found), f"{found[0].seconds:.2f}"])
    number = paper.table_number(sources)
    if number is not None:
        means = [paper.value(sources, paper.PROPOSED, metric, stem) for metric, stem in columns]
        rows.append([PAPER_ROW, *map(_number, means), ""])
    if len(stems) > 2:
        rows = [list(column) for column in zip(*rows, strict=True)]
    counted = max(record.n for record in records)
    title = "-".join(sources) + (f" (the paper's Table {number})" if number is not None else "")
    return f"### {title}, {counted} mixtures\n\n{_markdown(rows)}"


def _cell(record: Record, full: int) -> str:
    mean = f"**{_number(record.mean)}**" if _reaches(record) else _number(record.mean)
    fewer = f", n = {record.n}" if record.n < full else ""
    return f"{mean} ({_number(record.median)}{fewer})" if record.n else NONE


def _paper(record: Record) -> float | None:
    return paper.value(record.sources.split(","), paper.PROPOSED, record.metric, record.stem)


def _reaches(record: Record) -> bool:
    theirs = _paper(record)
    if theirs is None or record.mean is None:
        return False
    mean = round(record.mean, 5)  # of values rounded themselves
    return mean <= theirs if record.metric in LOWER_IS_BETTER else mean >= theirs


def _index(records: Sequence[Record]) -> dict[tuple[str, str, str], Record]:
    cells: dict[tuple[str, str, str], Record] = {}
    for record in records:
        key = (record.method, record.metric, record.stem)
        if key in cells:
            raise RecordError(
                f"two results for {record.sources}, {', '.join(key)}: give each run's file once"
            )
        cells[key] = record
    complete = len(_unique(k[0] for k in cells)) * len(_unique(k[2] for k in cells)) * len(LABELS)
    if len(cells) != complete:
        raise RecordError(
            f"the results for {records[0].sources} lack some of the metrics of a method or stem"
        )
    return cells


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns also line up as plain text; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
