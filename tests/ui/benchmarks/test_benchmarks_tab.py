"""The Benchmarks tab reads the published results when it is first opened, and draws them."""

from __future__ import annotations

import re

import gradio as gr
import pytest

from bssdemo.bench.charts import METRICS, charts
from bssdemo.bench.published import tables
from bssdemo.ui.benchmarks.charts import drawn
from bssdemo.ui.benchmarks.numbers import as_html
from bssdemo.ui.benchmarks.tab import READING, benchmarks_tab


def test_the_tab_reads_results_when_opened() -> None:
    with gr.Blocks() as blocks, gr.Tab("Benchmarks") as tab:
        benchmarks_tab(tab)
    opened = [event for event in blocks.fns.values() if event.targets == [(tab._id, "select")]]
    assert len(opened) == 2
    assert all(shown.value == READING for event in opened for shown in event.outputs)
    assert not any(isinstance(one, gr.Markdown) for one in blocks.blocks.values())  # nobody else loads it


def test_the_numbers_are_the_published_tables_cell_by_cell() -> None:
    markdown = tables()
    html = as_html(markdown)
    rows = [line for line in markdown.splitlines() if line.startswith("|") and not line.startswith("|-")]
    assert html.count("<table") == html.count("</table>") == markdown.count("\n|-")
    assert html.count("<tr>") == len(rows)
    assert html.count("<td>") + html.count("<th>") == sum(row.count("|") - 1 for row in rows)
    assert html.count("<strong>") == markdown.count("**") / 2
    assert html.count("<details>") == html.count("</details>") == markdown.count("<details>")
    assert html.count("<h3>") == markdown.count("### ")
    assert not re.search(r"\*\*|###|```|\\", html)
    assert as_html("a <b> & **c**") == "<p>a &lt;b&gt; &amp; <strong>c</strong></p>"


@pytest.mark.parametrize("metric", METRICS)
def test_what_people_bring_comes_first_and_every_bar_lies_in_its_interval(metric: str) -> None:
    found = charts(metric)
    assert len(found) == 8 + 4
    assert all("digit" not in chart.sources for chart in found[:8])
    for chart in found:
        assert len(chart.stems) == len(chart.sources)
        for bars in chart.stems.values():
            assert bars[0].method == "this project"
            assert {"NMF", "doing nothing", "best possible masks"} <= {bar.method for bar in bars}
            assert all(bar.low <= bar.mean <= bar.high for bar in bars)


def test_the_words_on_the_tab_are_what_the_bars_say() -> None:
    for chart in charts("spectral_snr")[:8]:
        for bars in chart.stems.values():
            means = {bar.method: bar.mean for bar in bars}
            assert means["this project"] > max(means["NMF"], means["doing nothing"])
            assert means["this project"] < means["best possible masks"]
    html = drawn("spectral_snr")
    assert html.count("<table") == 12
    places = [float(place) for place in re.findall(r"(?:left|width):(-?[\d.]+)%", html)]
    assert all(0 <= place <= 100 for place in places)
