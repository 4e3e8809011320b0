"""Benchmark files that belong together: the methods of one combination may come from several runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from bssdemo.bench import paper
from bssdemo.bench.records import Record, RecordError, Results

LABELS = {
    "spectral_snr": "Spectral SNR (dB)",
    "envelope_distance": "RMS env. distance",
    "sir": "SIR (dB)",
    "si_sdr": "SI-SDR (dB)",
}
LOWER_IS_BETTER = ("envelope_distance",)
# what a title need not say: the defaults of `bench audio`, and what is said elsewhere
USUAL = {"split": "test", "gain_range": 0.0, "preset": "balanced", "seed": 0}
SAID = ("sources", "label")


@dataclass(frozen=True)
class Group:
    """Every cell of one choice of settings, methods in the order of `methods.rows`."""

    settings: dict[str, Any]
    cells: dict[tuple[str, str, str], Record]  # by method, metric, stem

    @property
    def sources(self) -> tuple[str, ...]:
        """The combination."""
        return tuple(self.settings["sources"])

    @property
    def labels(self) -> list[str]:
        """What the run is called, a row of a table each; none for the tables of the paper."""
        return list(self.settings["label"] or ())

    @property
    def methods(self) -> list[str]:
        """Their names."""
        return unique(method for method, _, _ in self.cells)

    @property
    def stems(self) -> list[str]:
        """Their names, in the order of the sources."""
        return unique(stem for _, _, stem in self.cells)

    @property
    def odd(self) -> dict[str, Any]:
        """The settings that are not the default of `bench audio`."""
        return {
            name: value
            for name, value in self.settings.items()
            if name not in SAID and value != USUAL.get(name) and value not in (None, [])
        }

    @property
    def title(self) -> str:
        """The combination, the paper's table, and settings that are not the default."""
        number = paper.table_number(self.sources)
        table = f" (the paper's Table {number})" if number is not None and not self.people else ""
        told = [
            f", {name.replace('_', ' ')} {','.join(value) if isinstance(value, list) else value}"
            for name, value in self.odd.items()
            if name != "people"
        ]
        return "".join(["-".join(self.sources), table, *told])

    @property
    def people(self) -> bool:
        """Whether the recordings are those that people bring, which the paper's figures say nothing of."""
        return bool(self.settings.get("people"))

    def values(self, method: str, metric: str, stem: str) -> Float[np.ndarray, " mixtures"]:
        """One number per mixture, NaN where there is none."""
        return np.array(self.cells[method, metric, stem].values, dtype=np.float64)

    def mixtures(self, method: str) -> int:
        """How many mixtures the method was run on."""
        return max(len(record.values) for key, record in self.cells.items() if key[0] == method)


def grouped(files: Iterable[Results]) -> list[Group]:
    """Files of equal settings together, combinations of the paper first and in its order.

    Raises RecordError when two files of a group hold one method twice, come from other recordings or networks, or
    lack cells.
    """
    groups: list[tuple[dict[str, Any], list[Results]]] = []
    for results in files:
        for settings, members in groups:
            if settings == results.settings:
                members.append(results)
                break
        else:
            groups.append((dict(results.settings), [results]))
    found = [_merged(settings, members) for settings, members in groups]
    return sorted(found, key=lambda group: paper.table_number(group.sources) or len(paper.TABLES) + 1)


def unique(names: Iterable[str]) -> list[str]:
    """Every name once, in the order of its first occurrence."""
    return list(dict.fromkeys(names))


def _merged(settings: dict[str, Any], members: Sequence[Results]) -> Group:
    told = ",".join(settings["sources"])
    prints: dict[str, str] = {}
    cells: dict[tuple[str, str, str], Record] = {}
    for results in members:
        for name, digest in results.fingerprints.items():
            if prints.setdefault(name, digest) != digest:
                raise RecordError(
                    f"the files for {told} were made with different recordings or networks ({name})"
                )
        for record in results.records:
            key = (record.method, record.metric, record.stem)
            if key in cells:
                raise RecordError(f"two results for {told}, {', '.join(key)}: give each run's file once")
            cells[key] = record
    methods, metrics, stems = (unique(key[k] for key in cells) for k in range(3))
    if len(cells) != len(methods) * len(metrics) * len(stems):
        raise RecordError(f"the results for {told} lack some of the metrics of a method or stem")
    rank = {name: place for place, name in enumerate(_in_order(methods))}
    return Group(settings, dict(sorted(cells.items(), key=lambda cell: rank[cell[0][0]])))


def _in_order(names: Sequence[str]) -> list[str]:
    """As `bench audio` knows them, then those it does not know, as they come."""
    from bssdemo.bench.methods import rows  # brings torch, which the reading of results need not wait for

    return unique([name for name in rows() if name in names] + list(names))
