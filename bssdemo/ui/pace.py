"""How long a search will take on this machine, told before it begins."""

from __future__ import annotations

import math

from bssdemo.search.pgd import SearchConfig
from bssdemo.ui.job import Job

MINUTES_FROM = 100.0  # seconds; what lasts longer is told in minutes


def outputs(config: SearchConfig, windows: int, sources: int) -> int:
    """Generator outputs of a whole search: one per step, start, window and source."""
    exploring = config.steps if config.explore is None else min(config.explore, config.steps)
    return windows * sources * (config.starts * exploring + config.steps - exploring)


def foretold(job: Job, pace: float) -> str:
    """The recording's length and what its search will take, in a sentence."""
    seconds = pace * outputs(job.config, job.windows, len(job.sources))
    count = "one source" if len(job.sources) == 1 else f"{len(job.sources)} sources"
    return f"{job.seconds:.1f} s of recording, {count}: about {_rounded(seconds)} of search on this machine."


def _rounded(seconds: float) -> str:
    if seconds > MINUTES_FROM:
        return f"{math.ceil(seconds / 60)} minutes"
    step = 1 if seconds < 20 else 5
    return f"{step * math.ceil(seconds / step)} s"
