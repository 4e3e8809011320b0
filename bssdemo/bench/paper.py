"""The paper's Tables 1-4 as numbers: the one place where they stand.

Narayanaswamy, Thiagarajan, Anirudh, Spanias: "Unsupervised Audio Source Separation using Generative
Priors", Interspeech 2020, arXiv 2005.13769, section 4. Means over 1,000 mixtures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

METRICS = ("spectral_snr", "envelope_distance", "sir")  # the order of the columns
PROPOSED = "Proposed"
Rows = Mapping[str, tuple[tuple[float, ...], ...]]  # method -> per metric -> per source

TABLES: Mapping[tuple[str, ...], Rows] = {
    ("digit", "piano"): {  # Table 1
        "FastICA": ((-2.13, -13.45), (0.22, 0.61), (-4.12, -0.66)),
        "PCA": ((-2.04, -12.01), (0.22, 0.54), (-4.13, -1.44)),
        "Kernel PCA": ((-2.04, -3.30), (0.22, 0.26), (-4.13, -1.61)),
        "NMF": ((-2.21, -5.80), (0.23, 0.26), (-4.09, 2.53)),
        "DAP": ((-1.77, 2.72), (0.22, 0.22), (2.20, -3.10)),
        PROPOSED: ((1.06, 2.73), (0.17, 0.21), (3.91, 8.57)),
    },
    ("drums", "piano"): {  # Table 2
        "FastICA": ((-5.25, -13.52), (0.24, 0.61), (-6.51, -1.45)),
        "PCA": ((-5.19, -12.33), (0.24, 0.56), (-6.53, -2.69)),
        "Kernel PCA": ((-5.19, -3.36), (0.24, 0.25), (-6.53, -2.02)),
        "NMF": ((-5.39, -5.84), (0.24, 0.26), (-6.59, 3.84)),
        "DAP": ((-4.20, 2.97), (0.22, 0.21), (-21.62, 11.22)),
        PROPOSED: ((0.84, 3.06), (0.10, 0.21), (11.70, 9.80)),
    },
    ("digit", "drums"): {  # Table 3
        "FastICA": ((2.91, -21.01), (0.13, 0.82), (3.10, 0.09)),
        "PCA": ((2.99, -20.00), (0.13, 0.77), (3.12, 0.02)),
        "Kernel PCA": ((2.99, -10.53), (0.13, 0.35), (3.12, 0.85)),
        "NMF": ((3.01, -13.75), (0.13, 0.39), (3.20, -0.98)),
        "DAP": ((3.59, 0.92), (0.14, 0.14), (4.24, -11.48)),
        PROPOSED: ((2.32, 0.42), (0.15, 0.10), (25.91, 23.68)),
    },
    ("digit", "drums", "piano"): {  # Table 4; it has no row of DAP
        "FastICA": ((-2.95, -10.8, 0.27), (0.24, 0.4, 0.23), (-4.73, -6.48, 0.53)),
        "PCA": ((-2.47, -19.81, 0.1), (0.23, 0.75, 0.31), (-5.06, -5.51, 2.21)),
        "Kernel PCA": ((-2.47, -8.1, -0.94), (0.23, 0.28, 0.25), (-5.06, -1.65, -3.87)),
        "NMF": ((-2.47, -12.84, 4.94), (0.23, 0.37, 0.15), (-5.01, -5.69, 2.60)),
        PROPOSED: ((0.77, 0.64, 2.64), (0.17, 0.1, 0.21), (3.02, 10.21, 5.12)),
    },
}


def table_number(sources: Sequence[str]) -> int | None:
    """Which of Tables 1-4 has this combination, in whatever order it is named; None when none has."""
    wanted = sorted(sources)
    return next((number for number, key in enumerate(TABLES, start=1) if sorted(key) == wanted), None)


def methods(sources: Sequence[str]) -> list[str]:
    """The rows of this combination's table; none where the paper has no such table."""
    number = table_number(sources)
    return [] if number is None else list(TABLES[list(TABLES)[number - 1]])


def value(sources: Sequence[str], method: str, metric: str, stem: str) -> float | None:
    """The paper's mean of one cell; None where the paper has no such combination, method or metric."""
    number = table_number(sources)
    if number is None or metric not in METRICS:
        return None
    key = list(TABLES)[number - 1]
    row = TABLES[key].get(method)
    return None if row is None else row[METRICS.index(metric)][key.index(stem)]
