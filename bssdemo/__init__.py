"""Blind source separation with GAN priors: `load` priors, `separate` a mixture, `refine` the stems.

    from bssdemo import load, refine, separate
    priors = [load("digit").generator, load("piano").generator]
    *_, answer = separate(mix, priors)          # answer.estimates: (2, 16384)
    refined = refine(mix, answer.estimates)     # refined.stems and refined.residual add up to mix

Importing the package is cheap; torch is imported at the first use of a name.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# libgomp reads it when torch is first imported: a thread that waits spins for a moment, then sleeps.
# Spinning as long as libgomp's default makes a search nearly three times slower beside other work, and
# not spinning at all makes two threads slower than one (docs/BENCHMARKS.md, "Speed").
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

if TYPE_CHECKING:
    from bssdemo.hub import load
    from bssdemo.search.pgd import separate
    from bssdemo.search.refine import refine

__all__ = ["load", "refine", "separate"]

_HOME = {"load": "bssdemo.hub", "refine": "bssdemo.search.refine", "separate": "bssdemo.search.pgd"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
