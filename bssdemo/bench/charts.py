"""The published results as charts: one a mixture, a bar with its 95 % interval for every method and stem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from bssdemo.bench.combinations import Group, grouped
from bssdemo.bench.intervals import interval
from bssdemo.bench.published import FOLDER
from bssdemo.bench.records import RecordError, read

METHODS = {  # in the order of the bars, as a visitor calls them
    "refined": "this project",
    "raw": "this project, raw",
    "paper-refined": "the 2020 paper's search",
    "unmix": "mask network",
    "unmix-supervised": "mask network, with true sources",
    "nmf-refined": "NMF",
    "dap-refined": "Deep Audio Prior",
    "mixture": "doing nothing",
    "oracle": "best possible masks",
}
METRICS = {"spectral_snr": "Spectral SNR", "si_sdr": "SI-SDR"}


@dataclass(frozen=True)
class Bar:
    """A mean in dB and its interval."""

    method: str  # as in METHODS
    mean: float
    low: float
    high: float
    mixtures: int


@dataclass(frozen=True)
class Chart:
    """One mixture: the bars of every stem."""

    sources: tuple[str, ...]
    stems: dict[str, list[Bar]]


@lru_cache(maxsize=8)
def charts(metric: str, folder: Path = FOLDER) -> list[Chart]:
    """What people bring first, then the paper's mixtures. Results that cannot be read are left out."""
    found = []
    for place in (folder / "people", folder):
        for group in _groups(sorted(place.glob("*.json"))):
            if not group.labels:
                found.append(_chart(group, metric))
    return found


def _groups(files: Sequence[Path]) -> list[Group]:
    results = []
    for file in files:
        try:
            results.append(read(file))
        except RecordError:
            continue
    try:
        return grouped(results)
    except RecordError:
        return []


def _chart(group: Group, metric: str) -> Chart:
    stems: dict[str, list[Bar]] = {}
    for stem in group.stems:
        for name, title in METHODS.items():
            record = group.cells.get((name, metric, stem))
            if record and record.n:
                values = np.asarray(record.scored)
                stems.setdefault(stem, []).append(
                    Bar(title, float(values.mean()), *interval(values), record.n)
                )
    return Chart(group.sources, stems)
