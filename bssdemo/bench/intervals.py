"""How far a mean over mixtures may be off: the percentile bootstrap (Efron 1979).

The mixtures are drawn again, as many as there are and with replacement, 5,000 times; the interval holds the middle
95 % of the means of these draws. The draws are seeded and depend on the number of mixtures only, so that the
interval of a difference comes from the same draws as those of its two sides.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float

RESAMPLES = 5_000
LEVEL = 0.95


def interval(values: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """The two ends of the 95 % interval of the mean of at least one value."""
    means = _draws(len(values)) @ values / len(values)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


@lru_cache(maxsize=2)  # 40 MB for a thousand values
def _draws(count: int) -> Float[np.ndarray, "resamples count"]:
    """How often each value is in each draw: the means of all draws are then one product."""
    drawn = np.random.default_rng(0).integers(count, size=(RESAMPLES, count), dtype=np.int32)
    places = drawn + np.arange(RESAMPLES)[:, None] * count
    return np.bincount(places.ravel(), minlength=RESAMPLES * count).reshape(RESAMPLES, count).astype(float)
