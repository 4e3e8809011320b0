"""Files of results as the paper's tables, comparisons and pictures."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bssdemo.bench import ablations, comparison, paper, tables
from bssdemo.bench.combinations import LABELS, Group, grouped
from bssdemo.bench.intervals import interval
from bssdemo.bench.records import Record, RecordError, Results, write
from bssdemo.commands import bench_tables
from tests.bench.reading import cells

PAIR = ("digit", "piano")


def cell(method: str, metric: str, stem: str, values: Sequence[float | None], sources: str) -> Record:
    return Record(sources, method, stem, metric, tuple(values), 0.5)


def results(
    sources: tuple[str, ...] = PAIR, method: str = "raw", shift: float = 0.0, n: int = 4, **settings: object
) -> Results:
    """Cells whose mean lies `shift` above the paper's own row, or is 1 where it has none; the median is 1 less."""
    records = []
    for metric in LABELS:
        for stem in sources:
            theirs = paper.value(sources, paper.PROPOSED, metric, stem)
            mean = 1.0 if theirs is None else theirs + shift
            values = (*(mean - 1,) * (n - 1), mean - 1 + n)
            records.append(cell(method, metric, stem, values, ",".join(sources)))
    return Results({"sources": list(sources), "label": None, **settings}, records=tuple(records))


def group(*files: Results) -> Group:
    (found,) = grouped(files)
    return found


def every_table(shift: float, method: str = "raw") -> list[Group]:
    return grouped(results(sources, method, shift) for sources in paper.TABLES)


def row(text: str, name: str) -> list[str]:
    return next(cells(line) for line in text.splitlines() if line.startswith(f"| {name} "))


def test_the_papers_tables_have_the_shape_of_the_paper() -> None:
    for sources, rows in paper.TABLES.items():
        assert list(rows)[-1] == paper.PROPOSED
        assert {len(values) for values in rows.values()} == {3}
        assert {len(values) for found in rows.values() for values in found} == {len(sources)}
        assert paper.methods(sources) == list(rows)
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
    files = results(shift=-1), results(method="refined", shift=5), results(method="mixture")
    text = tables.verdict([group(*files)])
    assert "raw reaches the paper's mean: Spectral SNR (dB) 0 of 2" in text
    assert "refined reaches the paper's mean: Spectral SNR (dB) 2 of 2" in text
    assert text.count("(7 of its 9 are not measured here)") == text.count(".\n") + 1 == 2
    assert "None" in tables.verdict([group(results(("digit", "digit-2")))])


def test_a_table_has_our_methods_and_below_them_all_the_papers() -> None:
    text = tables.combination(group(results(), results(method="mixture", shift=-2, n=8)))
    header = cells(text.splitlines()[0])
    assert header[:3] == ["method", "Spectral SNR (dB), digit", "Spectral SNR (dB), piano"]
    assert header[-3:] == ["SI-SDR (dB), piano", "n", "seconds a mixture"]
    ends = interval(np.array([0.06, 0.06, 0.06, 4.06]))
    assert row(text, "raw")[1] == f"**1.06** [{ends[0]:.2f}, {ends[1]:.2f}]"
    assert row(text, "raw")[-2:] == ["4", "0.50"]
    assert row(text, "mixture")[1].startswith("-0.94 [")
    assert row(text, "mixture")[-2] == "8"
    assert row(text, "the paper's NMF") == [
        "the paper's NMF", "-2.21", "-5.80", "0.23", "0.26", "-4.09", "2.53", "", "", "1000", "",
    ]  # fmt: skip
    assert row(text, "the paper's Proposed")[1] == "1.06"
    assert "<summary>Medians</summary>" in text
    assert "| raw     | 0.06 " in text[text.index("Medians") :]


def test_bold_means_at_least_as_good_also_where_lower_is_better() -> None:
    better = row(tables.combination(group(results(shift=-0.01))), "raw")
    assert [("**" in text) for text in better[1:7]] == [False, False, True, True, False, False]


def test_baselines_are_marked_as_unordered() -> None:
    text = tables.combination(group(results(method="nmf"), results()))
    assert "| nmf \\* " in text
    assert "| raw " in text


def test_fewer_scores_and_no_scores_are_said() -> None:
    file = results()
    first, second, *rest = file.records
    records = replace(first, values=(None, *first.values[1:])), replace(second, values=(None,) * 4), *rest
    found = row(tables.combination(group(replace(file, records=records))), "raw")
    assert found[1].endswith(", n = 3")
    assert found[2] == "n/a"


def test_combinations_come_in_the_papers_order_and_other_settings_are_said() -> None:
    odd = results(PAIR, gain_range=12.0, without=["spectral"])
    files = [results(("bell", "dog")), odd, *(results(sources) for sources in reversed(list(paper.TABLES)))]
    text = tables.render(grouped(files))
    heads = [line.removeprefix("### ") for line in text.splitlines() if line.startswith("###")]
    assert heads == [
        "digit-piano (the paper's Table 1), gain range 12.0, without spectral",
        "digit-piano (the paper's Table 1)",
        "drums-piano (the paper's Table 2)",
        "digit-drums (the paper's Table 3)",
        "digit-drums-piano (the paper's Table 4)",
        "bell-dog",
    ]
    assert "of 9," in text  # the other settings are in a table, and not in the count
    assert "the paper's" not in tables.combination(group(results(("bell", "dog"))))


def test_files_of_one_combination_are_one_table_and_contradictions_are_refused() -> None:
    together = group(results(), results(method="paper", n=2))
    assert together.methods == ["raw", "paper"]
    assert [together.mixtures(name) for name in together.methods] == [4, 2]
    with pytest.raises(RecordError, match="two results"):
        grouped([results(), results()])
    with pytest.raises(RecordError, match="lack"):
        grouped([replace(results(), records=results().records[:-1])])
    one, other = (replace(results(method=m), fingerprints={"digit": m}) for m in ("raw", "paper"))
    with pytest.raises(RecordError, match="different recordings or networks"):
        grouped([one, other])


def test_methods_come_in_the_benchmarks_order_whatever_the_files() -> None:
    files = [results(method=name) for name in ("dap", "stranger", "paper", "raw", "oracle")]
    assert group(*files).methods == ["raw", "paper", "oracle", "dap", "stranger"]


def test_an_advantage_is_paired_and_above_zero_when_better() -> None:
    """The same difference in every mixture leaves no doubt, however much mixtures differ."""
    hard = [1.0, 30.0, -20.0, None, 7.0]
    ours = [None if value is None else value + 2 for value in hard]
    files = [
        Results({"sources": ["a"], "label": None}, records=tuple(cell(name, m, "a", v, "a") for m in LABELS))
        for name, v in (("refined", ours), ("nmf", [*hard, 9.0]))
    ]
    found = comparison.advantage(group(*files), "refined", "nmf", "sir", "a")
    assert found == comparison.Advantage(2.0, (2.0, 2.0), 4)
    lower = comparison.advantage(group(*files), "refined", "nmf", "envelope_distance", "a")
    assert lower == comparison.Advantage(-2.0, (-2.0, -2.0), 4)


def test_every_cell_is_held_against_the_best_baseline_of_that_cell() -> None:
    files = [
        results(method="refined", shift=3), results(method="raw"),
        results(method="nmf", shift=1), results(method="pca", shift=-1),
    ]  # fmt: skip
    text = comparison.against_baselines([group(*files)], tables.OURS, ["nmf", "pca", "fastica"])
    lines = [cells(line) for line in text.splitlines() if line.startswith("| digit-piano")]
    assert len(lines) == 6
    assert [line[3] for line in lines] == ["nmf", "nmf", "pca", "pca", "nmf", "nmf"]
    assert lines[0][4:] == ["2.06", "**+2.00** [+2.00, +2.00], n = 4", "-1.00 [-1.00, -1.00], n = 4"]
    assert "refined has the better mean in 4 of 6 cells, in 4 of them with the whole interval above 0" in text
    assert "raw has the better mean in 0 of 6 cells" in text
    assert comparison.against_baselines([group(results())], tables.OURS, ["nmf"]) == ""


def test_a_baseline_run_on_fewer_mixtures_is_judged_by_those_alone() -> None:
    """Two easy mixtures at 9 dB, where another baseline has 10 dB, do not make it the best."""
    values = {"refined": [11.0, 11.0, 3.0, 3.0], "nmf": [10.0, 10.0, 2.0, 2.0], "dap": [9.0, 9.0]}
    files = [
        Results(
            {"sources": ["a"], "label": None},
            records=tuple(cell(name, m, "a", v, "a") for m in paper.METRICS),
        )
        for name, v in values.items()
    ]
    assert comparison.best(group(*files), tables.OURS, ["nmf", "dap"], "sir", "a") == "nmf"
    assert comparison.best(group(*files), tables.OURS, ["dap"], "sir", "a") == "dap"
    assert comparison.best(group(*files), ["raw"], ["nmf", "dap"], "sir", "a") is None


def test_labelled_runs_are_rows_held_against_the_first() -> None:
    files = [
        results(shift=0, label=["losses/all"]),
        results(shift=-2, label=["losses/without spectral"]),
        results(shift=1, label=["starts/zeros"]),
    ]
    text = ablations.render(grouped(files))
    assert [line for line in text.splitlines() if line.startswith("###")] == [
        "### losses, digit-piano", "### starts, digit-piano",
    ]  # fmt: skip
    assert row(text, "all")[:5] == ["all", "raw", "1.90", "0.19", "6.24"]  # (1.06 + 2.73) / 2 and so on
    assert row(text, "without spectral")[2].endswith("(-2.00 [-2.00, -2.00])")
    assert row(text, "zeros")[-2:] == ["4", "0.50"]


def test_a_run_with_several_labels_is_a_row_of_several_tables() -> None:
    both = results(label=["losses/all", "starts/zeros"])
    extra = replace(both, records=both.records + results(method="refined").records)
    text = ablations.render(grouped([extra, results(shift=-2, label=["starts/random"])]))
    losses, starts = text.split("### starts, digit-piano")
    assert row(losses, "all")[2] == row(starts, "zeros")[2] == "1.90"
    assert row(starts, "random")[2].endswith("(-2.00 [-2.00, -2.00])")
    assert "refined" in losses
    assert "refined" not in starts  # the other run has none to hold it against


def test_a_page_gets_its_tables_and_ablations_between_their_markers(tmp_path: Path) -> None:
    page, file, labelled = tmp_path / "page.md", tmp_path / "r.json", tmp_path / "a.json"
    marks = [marker.format(name=name) for name in ("tables", "ablations") for marker in tables.MARKERS]
    page.write_text(
        f"# Title\n\n{marks[0]}\nold\n{marks[1]}\n\nmiddle\n\n{marks[2]}\nkept\n{marks[3]}\n\nafter\n"
    )
    write(file, results())
    write(labelled, results(label=["losses/all"]))
    args = argparse.Namespace(files=[file], into=page, figures=None)
    assert bench_tables.run(args) == 0
    once = page.read_text()
    assert bench_tables.run(args) == 0
    assert page.read_text() == once
    assert once.startswith("# Title\n")
    assert once.endswith("\n\nafter\n")
    assert "old" not in once
    assert "kept" in once
    assert tables.combination(group(results())) in once
    assert bench_tables.run(argparse.Namespace(files=[file, labelled], into=page, figures=None)) == 0
    assert "### losses, digit-piano" in page.read_text()
    assert "kept" not in page.read_text()


@pytest.mark.parametrize("page", ["no markers", "{end}\n{begin}", "{begin}{begin}{end}"])
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    begin, end = (marker.format(name="tables") for marker in tables.MARKERS)
    with pytest.raises(RecordError, match="tables: begin"):
        tables.insert(page.format(begin=begin, end=end), "x")


def test_a_picture_has_a_panel_for_every_source_and_metric(tmp_path: Path, monkeypatch) -> None:
    from bssdemo import plots

    drawn = []
    monkeypatch.setattr(plots, "save", lambda figure, path: drawn.append((figure, path.name)))
    file = tmp_path / "r.json"
    write(file, results().extended(results(method="nmf", shift=-3).records))
    assert bench_tables.run(argparse.Namespace(files=[file], into=None, figures=tmp_path)) == 0
    ((figure, name),) = drawn
    assert name == "digit-piano.png"
    assert [axis.get_title().removesuffix(", less is better") for axis in figure.axes] == [
        f"{stem}: {LABELS[metric]}" for stem in PAIR for metric in paper.METRICS
    ]
    interval_line, dot, *_, reference = figure.axes[0].lines
    assert dot.get_xdata()[0] == pytest.approx(1.06)
    assert list(interval_line.get_xdata()) == pytest.approx(interval(np.array([0.06, 0.06, 0.06, 4.06])))
    assert reference.get_xdata()[0] == 1.06


def test_a_page_shows_the_pictures_that_are_drawn_beside_it(tmp_path: Path) -> None:
    begin, end = (marker.format(name="tables") for marker in tables.MARKERS)
    page, file = tmp_path / "docs/page.md", tmp_path / "r.json"
    page.parent.mkdir()
    page.write_text(f"{begin}\n{end}\n")
    write(file, results())
    assert (
        bench_tables.run(argparse.Namespace(files=[file], into=page, figures=tmp_path / "docs/pictures")) == 0
    )
    (shown,) = re.findall(r"!\[.*\]\((.*)\)", page.read_text())
    assert (page.parent / shown).read_bytes().startswith(b"\x89PNG")


def test_recordings_of_other_people_are_not_held_against_the_papers() -> None:
    """The same sources as in a table of the paper, but other clips: no row of the paper's, nothing bold."""
    usual, brought = group(results(shift=1.0)), group(results(shift=1.0, people=True))
    assert "the paper's" in tables.combination(usual)
    assert "**" in tables.combination(usual)
    assert "the paper's" not in tables.combination(brought) + brought.title
    assert "**" not in tables.combination(brought)
