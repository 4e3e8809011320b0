"""Records to disk and back, and the tables made of them."""

import argparse
from dataclasses import replace
from pathlib import Path

import pytest

from bssdemo.evaluation import paper, tables
from bssdemo.evaluation.records import Record, RecordError, Results, write

PAIR = ("digit", "piano")


def results(
    sources: tuple[str, ...] = PAIR, method: str = "raw", shift: float = 0.0, n: int = 50
) -> list[Record]:
    """Cells that lie `shift` above the paper's own row, or are 1 where it has none."""
    found = []
    for metric in tables.LABELS:
        for stem in sources:
            theirs = paper.value(sources, paper.PROPOSED, metric, stem)
            mean = 1.0 if theirs is None else theirs + shift
            values = (
                *(mean - 0.25,) * (n - 1),
                mean - 0.25 + 0.25 * n,
            )  # the median lies 0.25 below the mean
            found.append(Record(",".join(sources), method, stem, metric, values, 0.5))
    return found


def every_table(shift: float) -> list[Record]:
    return [record for sources in paper.TABLES for record in results(sources, shift=shift)]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_papers_tables_have_the_shape_of_the_paper() -> None:
    for sources, rows in paper.TABLES.items():
        assert list(rows)[-1] == paper.PROPOSED
        assert {len(row) for row in rows.values()} == {3}
        assert {len(values) for row in rows.values() for values in row} == {len(sources)}
    assert [paper.table_number(sources) for sources in paper.TABLES] == [1, 2, 3, 4]


def test_the_paper_is_looked_up_in_any_order_of_sources() -> None:
    for sources in (("digit", "piano"), ("piano", "digit")):
        assert paper.value(sources, paper.PROPOSED, "sir", "piano") == 8.57
    assert paper.value(("piano", "drums", "digit"), paper.PROPOSED, "spectral_snr", "drums") == 0.64
    assert paper.value(("digit", "digit"), paper.PROPOSED, "sir", "digit-1") is None
    assert paper.value(("digit", "drums", "piano"), "DAP", "sir", "digit") is None


@pytest.mark.parametrize(("shift", "higher", "lower"), [(0.0, 9, 9), (0.1, 9, 0), (-0.1, 0, 9)])
def test_the_verdict_counts_the_nine_cells_of_every_metric(shift: float, higher: int, lower: int) -> None:
    counts = f"Spectral SNR (dB) {higher} of 9, RMS env. distance {lower} of 9, SIR (dB) {higher} of 9."
    assert f"Cells in which raw reaches the paper's mean: {counts}" in tables.render(every_table(shift))


def test_the_verdict_is_on_our_methods_and_says_what_is_not_measured() -> None:
    text = tables.verdict(
        [*results(shift=-1), *results(method="refined", shift=5), *results(method="mixture")]
    )
    assert "raw reaches the paper's mean: Spectral SNR (dB) 0 of 2" in text
    assert "refined reaches the paper's mean: Spectral SNR (dB) 2 of 2" in text
    assert text.count("(7 of its 9 are not measured here)") == text.count(".\n") + 1 == 2
    assert "None" in tables.verdict(results(("digit", "digit")))


def test_a_table_of_two_sources_has_methods_as_rows_and_the_paper_last() -> None:
    lines = tables.render([*results(), *results(method="mixture", shift=-2)]).splitlines()
    assert lines[0] == "### digit-piano (the paper's Table 1), 50 mixtures"
    head, raw, mixture, theirs = (cells(lines[k]) for k in (2, 4, 5, 6))
    assert head[1:3] == ["Spectral SNR (dB), digit", "Spectral SNR (dB), piano"]
    assert raw[:3] == ["raw", "**1.06** (0.81)", "**2.73** (2.48)"]
    assert mixture[1] == "-0.94 (-1.19)"
    assert theirs == ["paper, proposed", "1.06", "2.73", "0.17", "0.21", "3.91", "8.57", ""]


def test_bold_means_at_least_as_good_also_where_lower_is_better() -> None:
    better = tables.render(results(shift=-0.01)).splitlines()[4]
    assert [("**" in cell) for cell in cells(better)[1:7]] == [False, False, True, True, False, False]


def test_a_table_of_three_sources_has_methods_as_columns() -> None:
    text = tables.render(results(("digit", "drums", "piano")))
    header, first = (cells(text.splitlines()[k]) for k in (2, 4))
    assert header == ["method", "raw", "paper, proposed"]
    assert first == ["Spectral SNR (dB), digit", "**0.77** (0.52)", "0.77"]


def test_fewer_scores_and_no_scores_are_said() -> None:
    records = results()
    records[0], records[1] = (
        replace(records[0], values=(None, None, *records[0].values[2:])),
        replace(records[1], values=(None,) * 50),
    )
    row = cells(tables.render(records).splitlines()[4])
    assert row[1] == "**1.07** (0.81, n = 48)"
    assert row[2] == "n/a"


def test_combinations_come_in_the_papers_order_and_unknown_ones_last() -> None:
    text = tables.render([*results(("bell", "dog")), *reversed(every_table(0))])
    heads = [line.split()[1].strip(",") for line in text.splitlines() if line.startswith("###")]
    assert heads == ["digit-piano", "drums-piano", "digit-drums", "digit-drums-piano", "bell-dog"]
    assert tables.PAPER_ROW not in tables.render(results(("bell", "dog")))


def test_doubled_and_incomplete_results_are_refused() -> None:
    with pytest.raises(RecordError, match="two results"):
        tables.render([*results(), *results()])
    with pytest.raises(RecordError, match="lack"):
        tables.render(results()[:-1])
    with pytest.raises(RecordError):
        tables.render([])


def test_a_page_gets_its_tables_between_the_markers_again_and_again(tmp_path: Path) -> None:
    page, file = tmp_path / "page.md", tmp_path / "r.json"
    page.write_text(f"# Title\n\n{tables.BEGIN}\nold\n{tables.END}\n\nafter\n")
    write(file, Results({"sources": PAIR}, records=tuple(results())))
    args = argparse.Namespace(files=[file], into=page)
    assert tables.run(args) == 0
    once = page.read_text()
    assert tables.run(args) == 0
    assert page.read_text() == once
    assert once.startswith("# Title\n")
    assert once.endswith("\n\nafter\n")
    assert "old" not in once
    assert tables.render(results()) in once


@pytest.mark.parametrize(
    "page", ["no markers", f"{tables.END}\n{tables.BEGIN}", f"{tables.BEGIN}" * 2 + tables.END]
)
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    with pytest.raises(RecordError, match="tables: begin"):
        tables.insert(page, "x")
