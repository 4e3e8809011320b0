"""The interval's laws, and scipy as the oracle."""

import numpy as np
import pytest
import scipy.stats

from bssdemo.bench.intervals import interval


def test_agrees_with_scipy() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=80)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert interval(values) == pytest.approx((theirs.low, theirs.high), abs=0.03 * width)


def test_equal_values_leave_no_doubt() -> None:
    assert interval(np.full(20, 3.5)) == (3.5, 3.5)
    assert interval(np.array([2.0])) == (2.0, 2.0)


def test_the_true_mean_is_inside_nineteen_times_in_twenty() -> None:
    random = np.random.default_rng(0)
    inside = [low <= 5.0 <= high for low, high in (interval(random.normal(5, 2, 60)) for _ in range(400))]
    assert 0.91 <= np.mean(inside) <= 0.98


def test_moves_and_scales_with_the_values_and_is_the_same_every_time() -> None:
    values = np.random.default_rng(3).normal(size=50)
    low, high = interval(values)
    assert interval(values) == (low, high)
    assert interval(2 * values + 1) == pytest.approx((2 * low + 1, 2 * high + 1))
    assert interval(-values) == pytest.approx((-high, -low), abs=0.02)
