"""What each slider of the page is worth: the stems at both of its ends beside those of the default.

`alike` is how near they are, 10 log10( |default|^2 / |default - moved|^2 ) in dB, mean over stems and mixtures: 20 dB
can hardly be heard, 5 dB is another sound. `change` is by how much the spectral SNR rises or falls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.bench.intervals import interval
from bssdemo.bench.markdown import number, span, table
from bssdemo.bench.methods import Setting, refined, sharing_of
from bssdemo.bench.spread import drawn
from bssdemo.metrics.audio import spectral_snr
from bssdemo.search.sliders import LEAST, MOST, NAMES, positions, weights_at
from bssdemo.separation.methods import SEARCH, Controls, Setup
from bssdemo.separation.networks import priors_of
from bssdemo.separation.run import snapshots

SAME = 100.0  # dB; stems nearer than this are called the same


@dataclass(frozen=True)
class Moved:
    """One slider at one end; a value per mixture, mean over its stems."""

    slider: str
    position: float
    alike: Float[np.ndarray, " mixtures"]
    change: Float[np.ndarray, " mixtures"]


def alike(
    default: Float[Tensor, "*batch samples"], moved: Float[Tensor, "*batch samples"]
) -> Float[Tensor, "*batch"]:
    """dB, at most SAME."""
    error = (default - moved).square().sum(-1)
    return (10 * torch.log10(default.square().sum(-1) / error)).nan_to_num(SAME, SAME).clamp(max=SAME)


def measure(
    data: Path, setting: Setting, mixtures: int, pull: float | None = None, batch: int = 10
) -> Iterator[Moved]:
    """Every slider at its lowest and its highest, the others at the default.

    `pull`: where that slider stands instead while the others are moved, and in the stems that they are held against.
    Raises what drawing and loading raise.
    """
    mix, refs = drawn(data, setting, mixtures)
    networks = priors_of(setting.sources, setting.checkpoints)
    setup = Setup(setting.sources, networks, setting.config, setting.seed, level_known=True)
    share = sharing_of(setting)
    middle = positions(setting.config)
    if pull is not None:
        middle = (*middle[:-1], pull)

    def stems(values: Sequence[float]) -> Tensor:
        weights = weights_at(*values)
        found = []
        for part in mix.split(batch):
            for snapshot in snapshots(part, SEARCH, setup, Controls(lambda: weights)):
                last = snapshot.estimates
            found.append(refined(part, last, last, share))
        return torch.cat(found)

    default = stems(middle)
    scores = spectral_snr(refs, default)
    for at, slider in enumerate(NAMES if pull is None else NAMES[:-1]):
        for end in (LEAST, MOST):
            moved = stems([*middle[:at], end, *middle[at + 1 :]])
            yield Moved(
                slider,
                end,
                alike(default, moved).mean(-1).numpy(),
                (spectral_snr(refs, moved) - scores).nanmean(-1).numpy(),
            )


def tabled(sources: Sequence[str], found: Sequence[Moved]) -> str:
    """A row for every slider and end, with 95 % intervals of the change."""
    rows = [[f"{'-'.join(sources)}: slider", "at", "alike (dB)", "change of spectral SNR (dB)"]]
    for one in found:
        change = f"{number(float(one.change.mean()), signed=True)} {span(interval(one.change), signed=True)}"
        rows.append([one.slider, f"{one.position:g}", f"{one.alike.mean():.1f}", change])
    return table(rows)
