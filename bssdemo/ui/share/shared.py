"""What the address bar says of the page, so that whoever opens it finds the same.

Example, preset, weights, seed, mode and tab: `?example=digit-piano&preset=paper&weights=0.8,0.3,0.1,0.4,0&seed=7
&mode=watch&tab=pictures`. What cannot be is left out.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bssdemo.search.pgd import PRESETS
from bssdemo.search.sliders import LEAST, MOST, NAMES, positions
from bssdemo.separation.request import MOST_SEED

WATCH = "watch"  # the mode that is not Separate


@dataclass(frozen=True)
class Shared:
    """What an address asks for; None: the page's own choice."""

    example: str | None = None
    preset: str | None = None
    weights: tuple[float, ...] | None = None  # the sliders' positions, in the order of their NAMES
    seed: int | None = None
    watch: bool = False
    tab: str | None = None


def read(query: Mapping[str, str], examples: Collection[str], tabs: Collection[str]) -> Shared:
    """What a query asks for of what there is."""

    def known(name: str, choices: Collection[str]) -> str | None:
        asked = query.get(name)
        return asked if asked in choices else None

    preset = known("preset", PRESETS)
    weights = _positions(query.get("weights", ""))
    if preset is not None and weights is None:
        weights = positions(PRESETS[preset])
    return Shared(
        known("example", examples),
        preset,
        weights,
        _seed(query.get("seed", "")),
        known("mode", (WATCH,)) is not None,
        known("tab", tabs),
    )


def _seed(told: str) -> int | None:
    fits = told.isascii() and told.isdecimal() and len(told) <= len(str(MOST_SEED)) and int(told) <= MOST_SEED
    return int(told) if fits else None


def _positions(told: str) -> tuple[float, ...] | None:
    try:
        values = tuple(float(value) for value in told.split(","))
    except ValueError:
        return None
    fit = len(values) == len(NAMES) and all(
        math.isfinite(value) and LEAST <= value <= MOST for value in values
    )
    return values if fit else None
