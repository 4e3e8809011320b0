"""Figures for export; the only module that imports matplotlib, and never pyplot (it keeps figures alive)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # Okabe and Ito's, safe for colour-blind eyes
TERM_SYMBOLS = {
    "spectral": r"$L_{ms}$ spectral",
    "dissociation": r"$L_{sd}$ dissociation",
    "coherence": r"$L_{mc}$ coherence",
    "frequency": r"$L_{fc}$ frequency",
}


@dataclass(frozen=True)
class Picture:
    """A spectrogram to show: decibels below the common reference, rows from low to high frequency."""

    title: str
    decibels: Float[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Scale:
    """What the axes of every picture mean; ticks are (label, position from 0 at the bottom to 1)."""

    seconds: float
    range_decibels: float
    ticks: Sequence[tuple[str, float]]


def run_figure(
    pictures: Sequence[Picture],
    scale: Scale,
    steps: Sequence[int],
    terms: Mapping[str, Sequence[float]],
    total: Sequence[float],
) -> Figure:
    """Spectrograms of a run above the curves of its loss terms over the steps, total first."""
    width = 2.5 * max(len(pictures), 1 + len(terms))
    figure = Figure(figsize=(width, 5.2))  # placed by hand: matplotlib's own layout draws it several times
    left, right = 0.65 / width, 1 - 0.95 / width
    axes = _row(figure, len(pictures), left, right, 0.58, 0.94, gap=0.08)
    for axis, picture in zip(axes, pictures, strict=True):
        image = _spectrogram(axis, picture, scale)
        axis.tick_params(labelleft=axis is axes[0])
    axes[0].set_ylabel("kHz, mel-spaced")
    bar = figure.add_axes((right + 0.12 / width, 0.58, 0.14 / width, 0.36))
    figure.colorbar(image, cax=bar, label="dB below the mixture's peak")
    curves = {"objective": ("black", total)} | {
        TERM_SYMBOLS.get(name, name): (colour, values)
        for colour, (name, values) in zip(COLOURS, terms.items(), strict=False)
    }
    below = _row(figure, len(curves), left, 1 - 0.15 / width, 0.1, 0.42, gap=0.3)
    for axis, (title, (colour, values)) in zip(below, curves.items(), strict=True):
        axis.plot(steps, values, color=colour, linewidth=1.5)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("step")
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    return figure


def _row(
    figure: Figure, count: int, left: float, right: float, bottom: float, top: float, gap: float
) -> list[Axes]:
    """Axes side by side between these edges, in parts of the figure; `gap` in widths of one."""
    grid = figure.add_gridspec(1, count, left=left, right=right, bottom=bottom, top=top, wspace=gap)
    return [figure.add_subplot(grid[0, at]) for at in range(count)]


def _spectrogram(axis: Axes, picture: Picture, scale: Scale):  # type: ignore[no-untyped-def]
    image = axis.imshow(
        picture.decibels,
        origin="lower",
        aspect="auto",
        cmap="viridis",
        vmin=-scale.range_decibels,
        vmax=0,
        extent=(0, scale.seconds, 0, 1),
        interpolation="bilinear",
    )
    axis.set_title(picture.title, fontsize=10)
    axis.set_xlabel("s")
    axis.set_yticks([at for _, at in scale.ticks], [label for label, _ in scale.ticks])
    axis.tick_params(labelsize=8)
    return image


@dataclass(frozen=True)
class Panel:
    """A value with its interval for every method (None: it has none), and one to hold them against."""

    title: str
    values: Sequence[tuple[float, float, float] | None]  # mean, low end, high end
    reference: float | None


def comparison(
    names: Sequence[str], panels: Sequence[Panel], columns: int, emphasised: Collection[str], reference: str
) -> Figure:
    """Methods down the side, a dot and its interval for each; `emphasised` ones in colour, the others grey.

    `reference` names the dashed line at the panels' reference values.
    """
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(3.4 * columns, rows * (0.9 + 0.24 * len(names))), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    colours = [COLOURS[0] if name in emphasised else "#777777" for name in names]
    for axis, panel in zip(grid.flat, panels, strict=True):
        for place, (value, colour) in enumerate(zip(panel.values, colours, strict=True)):
            if value is not None:
                mean, low, high = value
                axis.plot([low, high], [place, place], color=colour, linewidth=2)
                axis.plot([mean], [place], "o", color=colour, markersize=5)
        if panel.reference is not None:
            axis.axvline(panel.reference, color=COLOURS[1], linestyle="--", linewidth=1.2, label=reference)
        axis.set_title(panel.title, fontsize=11)
        axis.grid(axis="x", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=10)
    grid[0, 0].set_yticks(range(len(names)), names)
    grid[0, 0].invert_yaxis()
    handles, labels = grid[0, 0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", frameon=False, fontsize=10)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write the figure; the suffix of `path` says in which format."""
    figure.savefig(path, dpi=120)


def sheet(pictures: Float[np.ndarray, "n rows columns"], columns: int = 4) -> Figure:
    """A grid of spectrograms in dB on one common scale, 70 dB deep: samples of a prior in training."""
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(2.4 * columns, 1.8 * rows), layout="constrained")
    top = pictures.max()
    for axis, picture in zip(figure.subplots(rows, columns, squeeze=False).flat, pictures, strict=False):
        axis.imshow(picture, origin="lower", aspect="auto", cmap="viridis", vmin=top - 70, vmax=top)
        axis.set_axis_off()
    return figure
