"""The charts as HTML: tables whose cells are bars, on one scale, so that they are read aloud as well as seen."""

from __future__ import annotations

from html import escape

from bssdemo.bench.charts import Bar, Chart, charts

LOW, HIGH = -12.0, 26.0  # dB at the two ends of a bar's place
OURS = "this project"


def drawn(metric: str) -> str:
    """Every chart for one metric."""
    return f'<div class="charts">{"".join(_chart(chart) for chart in charts(metric))}</div>'


def _chart(chart: Chart) -> str:
    title = escape(" + ".join(chart.sources))
    bodies = "".join(
        f'<tbody><tr><th colspan="3" scope="rowgroup">{escape(stem)}</th></tr>{"".join(map(_row, bars))}</tbody>'
        for stem, bars in chart.stems.items()
    )
    return f'<table class="chart"><caption>{title}</caption>{bodies}</table>'


def _row(bar: Bar) -> str:
    zero, end = _place(0.0), _place(bar.mean)
    left, width = min(zero, end), abs(end - zero)
    kind = ' class="chart-ours"' if bar.method == OURS else ""
    told = f"95 % interval {bar.low:.1f} to {bar.high:.1f} dB, {bar.mixtures} mixtures"
    return (
        f'<tr{kind} title="{told}"><th scope="row">{escape(bar.method)}</th>'
        f'<td><div class="chart-bar"><i style="left:{left:.1f}%;width:{width:.1f}%"></i>'
        f'<b style="left:{_place(bar.low):.1f}%;width:{_place(bar.high) - _place(bar.low):.1f}%"></b></div></td>'
        f"<td>{bar.mean:.1f}</td></tr>"
    )


def _place(decibels: float) -> float:
    return 100 * (min(max(decibels, LOW), HIGH) - LOW) / (HIGH - LOW)
