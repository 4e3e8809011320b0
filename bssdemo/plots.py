"""Figures for export; the only module that imports matplotlib. `Figure()`, never pyplot, which leaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from bssdemo.stft import Stft, power

SHEET = Stft(frame=512, hop=128, center=True)
DYNAMIC_RANGE = 70.0  # dB shown below the sheet's loudest bin


def decibels(audio: Float[Tensor, "*batch samples"]) -> np.ndarray:
    """Power spectrogram in dB, axes (..., bins, frames) as pictures want them."""
    return 10 * np.log10(power(audio, SHEET).transpose(-1, -2).numpy() + 1e-6)


def spectrogram_sheet(audio: Float[Tensor, "n samples"], path: Path, columns: int = 4) -> None:
    """A grid of spectrograms on one common dB scale, written to `path` (PNG)."""
    pictures = decibels(audio)
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(2.4 * columns, 1.8 * rows), layout="constrained")
    top = pictures.max()
    for axes, picture in zip(figure.subplots(rows, columns, squeeze=False).flat, pictures, strict=False):
        axes.imshow(picture, origin="lower", aspect="auto", cmap="viridis", vmin=top - DYNAMIC_RANGE, vmax=top)
        axes.set_axis_off()
    figure.savefig(path, dpi=80)
