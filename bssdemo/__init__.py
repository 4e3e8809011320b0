"""Blind source separation of one recording: GAN priors searched for its sources, masks learned from mixtures alone.

A recording in, its stems out, as the page and the command do it:

    from pathlib import Path
    from bssdemo import Request, Run, prepare, priors_of, read, write

    sources = ("digit", "piano")
    heard = read("examples/digit-piano/mixture.wav")
    run = Run(prepare(heard, Request(sources), priors_of(sources)))
    for snapshot in run:
        print(snapshot.step, float(snapshot.total))
    result = run.result()                       # result.refined: (2, samples); with result.residual the recording
    write(result, Path("stems"))

The algorithms by themselves:

    from bssdemo import load, refine, separate

    priors = [load("digit").generator, load("piano").generator]
    *_, answer = separate(mix, priors)          # answer.estimates: (2, 16384), raw
    refined = refine(mix, answer.estimates)     # refined.stems and refined.residual add up to mix

    from bssdemo import load_unmixer, unmix

    sources = unmix(picture, load_unmixer("mask-mnist").network).sources      # (2, 1, 32, 32)

Importing the package is cheap; torch is imported at the first use of a name.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# libgomp reads it when torch is first imported: a thread that waits spins for a moment, then sleeps.
# Spinning as long as libgomp's default makes a search nearly three times slower beside other work, and
# not spinning at all makes two threads slower than one (docs/results/speed.md).
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

if TYPE_CHECKING:
    from bssdemo.checkpoints.hub import load as load
    from bssdemo.checkpoints.hub import load_unmixer
    from bssdemo.search.pgd import separate
    from bssdemo.search.refine import refine
    from bssdemo.separation import (
        METHODS,
        Controls,
        Heard,
        Job,
        Method,
        Networks,
        Request,
        Result,
        Run,
        Setup,
        prepare,
        priors_of,
        read,
        report,
        snapshots,
        unmixer_of,
        write,
    )
    from bssdemo.unmix.cycle import unmix

__all__ = [
    "METHODS", "Controls", "Heard", "Job", "Method", "Networks", "Request", "Result", "Run", "Setup",
    "load", "load_unmixer", "prepare", "priors_of", "read", "refine", "report", "separate", "snapshots", "unmix",
    "unmixer_of", "write",
]  # fmt: skip

_ROOM = "bssdemo.separation"
_HOME = {  # of the other names: module, and the name there
    "load": ("bssdemo.checkpoints.hub", "load"),
    "load_unmixer": ("bssdemo.checkpoints.hub", "load_unmixer"),
    "refine": ("bssdemo.search.refine", "refine"),
    "separate": ("bssdemo.search.pgd", "separate"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name == "unmix":  # the package of this name, which can be called
        return import_module("bssdemo.unmix")
    module, there = _HOME.get(name, (_ROOM, name))
    return getattr(import_module(module), there)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
