"""The Benchmarks tab: the tables and figures of docs/benchmarks/, in words a visitor can follow."""

from __future__ import annotations

import gradio as gr

from bssdemo.ui.benchmarks import figures, tables

WORDS = """
How well do the sources come out? Held-out clips of spoken digits, drum hits and piano were mixed and taken apart
again, and what came out was held against the clips. Every cell is a mean over the row's n mixtures, the first of
the same draw, with its 95 % interval in brackets. **Bold**: at least as good as the 2020 paper's own method, which
was measured on other recordings. SNR, SIR and SDR: higher is better; RMS envelope distance: lower is better. *raw*
are the generators' own sounds, *refined* is what the page lets you hear first, *paper* the same priors searched
for the paper's thousand steps, *unmix* the mask network, *mixture* what doing nothing scores, and *oracle* the
best that masks could reach if the true sources were known. Components of a method with * have no names: they are
scored in their best order.
"""
READING = "Reading the results …"
MORE = "`docs/BENCHMARKS.md` tells how the mixtures are drawn, what the metrics are, and what to be careful about."


def benchmarks_tab(tab: gr.Tab) -> None:
    """Build the content of `tab`; the results are read when a visitor first opens it."""
    gr.Markdown(WORDS)
    shown = gr.Markdown(READING)
    tab.select(tables, None, shown, queue=False, show_progress="hidden", api_visibility="private")
    for title, file in figures():
        gr.Image(str(file), label=title, interactive=False, buttons=["fullscreen"])
    gr.Markdown(MORE)
