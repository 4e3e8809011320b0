"""The order of unnamed stems: every order tried out is the oracle."""

from __future__ import annotations

from itertools import permutations

import pytest
import torch

from bssdemo.metrics.assignment import PERFECT, assign, best_order
from bssdemo.metrics.audio import spectral_snr

N = 2_048


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def mean_score(refs: torch.Tensor, ests: torch.Tensor) -> torch.Tensor:
    return spectral_snr(refs, ests).clamp(max=PERFECT).nanmean(-1)


@pytest.mark.parametrize("kinds", ["xx", "xyx", "xxx", "xxyy", "yxzx"])
@pytest.mark.parametrize("silent", [False, True])
def test_no_allowed_order_is_better(kinds: str, silent: bool) -> None:
    refs = noise(5, len(kinds), N)
    ests = refs.roll(1, 1) * 0.5 + noise(5, len(kinds), N, seed=1)
    if silent:
        refs[:, 0] = 0
    allowed = [p for p in permutations(range(len(kinds))) if [kinds[k] for k in p] == list(kinds)]
    best = torch.stack([mean_score(refs, ests[:, p]) for p in allowed]).amax(0)
    order = best_order(refs, ests, kinds)
    assert {tuple(row) for row in order.tolist()} <= set(allowed)
    torch.testing.assert_close(mean_score(refs, assign(refs, ests, kinds)), best)


def test_ten_components_are_put_in_order_at_once() -> None:
    """They have 3.6 million orders."""
    refs = noise(1, 10, N)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    assert torch.equal(assign(refs, refs[:, order], ["x"] * 10), refs)


def test_without_a_score_everything_stays_where_it_is() -> None:
    ests = noise(2, 3, N)
    for refs, given in ((torch.zeros(2, 3, N), ests), (noise(2, 3, N), torch.full_like(ests, torch.nan))):
        assert best_order(refs, given, "xxx").tolist() == [[0, 1, 2]] * 2
    assert best_order(noise(2, 3, N), ests, "xyz").tolist() == [[0, 1, 2]] * 2
