"""Every baseline of the 2020 paper under one signature: a mixture and a number of sources in, snapshots out.

    from bssdemo.baselines.catalogue import BASELINES
    *_, answer = BASELINES["nmf"].separate(mix, 2)      # answer.estimates: (*batch, 2, samples)

Their estimates have no names: component 1 may be any of the sources. Only a benchmark, which knows the sources,
puts them in order (bssdemo.evaluation.assignment).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bssdemo.baselines import dap, factorisation
from bssdemo.snapshot import Snapshot

# (mix (*batch, samples), sources, *, seed=0, stop=None) -> snapshots; mono, 16 kHz, at least 256 samples.
# The last snapshot is `done` and holds the answer, also after `stop()` was true.
Separate = Callable[..., Iterator[Snapshot]]


@dataclass(frozen=True)
class Baseline:
    """`streams`: whether there is something to watch before the answer."""

    title: str
    about: str  # one sentence
    streams: bool
    separate: Separate


BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        "fastica": Baseline(
            "FastICA",
            "Splits the spectrogram into spectra whose loudness over time is statistically independent.",
            False,
            factorisation.separator(factorisation.fastica),
        ),
        "pca": Baseline(
            "PCA",
            "Splits the spectrogram along the uncorrelated directions in which it varies most.",
            False,
            factorisation.separator(factorisation.pca),
        ),
        "kernelpca": Baseline(
            "Kernel PCA",
            "Does what PCA does after a non-linear map of every frame, and maps the components back.",
            False,
            factorisation.separator(factorisation.kernelpca),
        ),
        "nmf": Baseline(
            "NMF",
            "Explains the spectrogram as a sum of fixed spectra that only get louder and softer.",
            False,
            factorisation.separator(factorisation.nmf),
        ),
        "dap": Baseline(
            "Deep Audio Prior",
            "Fits untrained networks, one for the sound and one for the mask of every source, to this mixture alone.",
            True,
            dap.separate,
        ),
    }
)
