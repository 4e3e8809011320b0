"""How long a search will take on this machine, told before it begins, and how long a run may take at most."""

from __future__ import annotations

import math

from bssdemo.machine import device, zero
from bssdemo.search.pgd import SearchConfig
from bssdemo.separation.request import Job

MINUTES_FROM = 100.0  # seconds; what lasts longer is told in minutes
LONGEST_RUN = 120.0  # seconds of work, the machine is shared ...
LONGEST_RUN_PER_SECOND = 10.0  # ... and so many more for every second of recording
FAIR_RUN = 30.0  # seconds of work while others wait ...
FAIR_RUN_PER_SECOND = 2.0  # ... and so many more for every second of recording


def longest_run(job: Job) -> float:
    """Seconds after which a run is ended."""
    longest = LONGEST_RUN + LONGEST_RUN_PER_SECOND * job.heard.seconds
    return min(longest, zero.ENOUGH) if job.searches and device.lends() else longest


def fair_run(job: Job) -> float:
    """Seconds of the machine after which a run is ended for others who wait."""
    return FAIR_RUN + FAIR_RUN_PER_SECOND * job.heard.seconds


def outputs(config: SearchConfig, windows: int, sources: int) -> int:
    """Generator outputs of a whole search: one per step, start, window and source."""
    exploring = config.steps if config.explore is None else min(config.explore, config.steps)
    return windows * sources * (config.starts * exploring + config.steps - exploring)


def foretold(job: Job, pace: float) -> str:
    """The recording's length and what its search will take, in a sentence."""
    sources, heard = len(job.names), job.heard
    seconds = pace * outputs(job.setup.config, len(heard.windows.starts), sources)
    count = "one source" if sources == 1 else f"{sources} sources"
    return (
        f"{heard.seconds:.1f} s of recording, {count}: about {_rounded(seconds)} of search on this machine."
    )


def _rounded(seconds: float) -> str:
    if seconds > MINUTES_FROM:
        return f"{math.ceil(seconds / 60)} minutes"
    step = 1 if seconds < 20 else 5
    return f"{step * math.ceil(seconds / step)} s"
