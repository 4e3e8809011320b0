"""The Benchmarks tab: one chart a mixture, what they say and where this project loses, and all numbers on request."""

from __future__ import annotations

from typing import Any

import gradio as gr

from bssdemo.bench.charts import METRICS
from bssdemo.bench.published import tables
from bssdemo.ui.benchmarks.charts import drawn
from bssdemo.ui.benchmarks.numbers import as_html

WORDS = """<h2>How well do the sources come out?</h2>
<p>In every mixture the sound that comes out is closer to the true one than NMF's, and than doing nothing. It loses to
the best possible masks by about eight decibels, most for speech over piano or guitar, and drums beside a bass come
out worst. All mixtures are of speakers, kits and instruments that no training has heard.</p>"""
READING = "<p>Reading the results …</p>"
MORE = """<p>Longer bars are better, in decibels. The thin line is the 95 % interval of the mean. <em>Best possible
masks</em> knows the true sources: no program of this kind can do better. The parts of NMF and Deep Audio Prior have no
names and are scored in their best order. <code>docs/results/people.md</code> and <code>docs/results/audio.md</code>
tell how the mixtures are drawn.</p>"""
LEGEND = """<p>Means with their 95 % intervals in brackets. <strong>Bold</strong>: at least as good as the 2020 paper's
own method, which was measured on other recordings. <em>raw</em> are the generators' own sounds, <em>refined</em> what
the page lets you hear first.</p>"""


def benchmarks_tab(tab: gr.Tab) -> None:
    """Build the content of `tab`; the results are read when a visitor first opens it."""
    gr.HTML(WORDS)
    metric = gr.Radio(
        [(title, name) for name, title in METRICS.items()],
        value=next(iter(METRICS)),
        label="Measured by",
        elem_id="metric",
    )
    shown = gr.HTML(READING, elem_id="charts")
    gr.HTML(MORE)
    with gr.Accordion("All numbers of the paper's mixtures, and the commands that made them", open=False):
        gr.HTML(LEGEND)
        numbers = gr.HTML(READING, elem_id="numbers")
    private: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    for event in (tab.select, metric.input):
        event(drawn, metric, shown, **private)
    tab.select(lambda: as_html(tables()), None, numbers, **private)
