"""The Benchmarks tab: one chart a mixture, what they say and where this project loses, and all numbers on request."""

from __future__ import annotations

import gradio as gr

from bssdemo.bench.charts import METRICS
from bssdemo.bench.published import tables
from bssdemo.ui.benchmarks.charts import drawn

WORDS = """
## How well do the sources come out?

In every mixture the sound that comes out is closer to the true one than NMF's, and than doing nothing. It loses to
the best possible masks by about eight decibels, most for speech over piano or guitar, and drums beside a bass come
out worst. All mixtures are of speakers, kits and instruments that no training has heard.
"""
READING = "Reading the results …"
MORE = """
Longer bars are better, in decibels. The thin line is the 95 % interval of the mean. *Best possible masks* knows the
true sources: no program of this kind can do better. The parts of NMF and Deep Audio Prior have no names and are scored
in their best order. `docs/results/people.md` and `docs/results/audio.md` tell how the mixtures are drawn.
"""
LEGEND = """
Means with their 95 % intervals in brackets. **Bold**: at least as good as the 2020 paper's own method, which was
measured on other recordings. *raw* are the generators' own sounds, *refined* what the page lets you hear first.
"""


def benchmarks_tab(tab: gr.Tab) -> None:
    """Build the content of `tab`; the results are read when a visitor first opens it."""
    gr.Markdown(WORDS)
    metric = gr.Radio(
        [(title, name) for name, title in METRICS.items()],
        value=next(iter(METRICS)),
        label="Measured by",
        elem_id="metric",
    )
    shown = gr.HTML(READING, elem_id="charts")
    gr.Markdown(MORE)
    with gr.Accordion("All numbers of the paper's mixtures, and the commands that made them", open=False):
        gr.Markdown(LEGEND)
        numbers = gr.Markdown(READING, elem_id="numbers")
    for event in (tab.select, metric.input):
        event(drawn, metric, shown, queue=False, show_progress="hidden", api_visibility="private")
    tab.select(tables, None, numbers, queue=False, show_progress="hidden", api_visibility="private")
