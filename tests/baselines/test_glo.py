"""GLO explains the mixtures it is fitted to."""

from dataclasses import replace

import torch

from bssdemo.baselines.glo import GloConfig, separate

SMALL = GloConfig(latent=8, width=4, epochs=30, batch=8, learning_rate=0.02, latent_rate=0.05, shown=3)


def mixtures() -> torch.Tensor:
    """Bars at one of four rows over bars at one of four columns."""
    y = torch.zeros(16, 1, 16, 16)
    for number in range(16):
        row, column = divmod(number, 4)
        y[number, 0, 4 * row : 4 * row + 2] += 1
        y[number, 0, :, 4 * column : 4 * column + 2] += 1
    return y


def test_two_generators_together_explain_the_mixtures() -> None:
    y = mixtures()
    snapshots = list(separate(y, SMALL))
    assert [s.step for s in snapshots] == list(range(1, 31))
    assert [s.done for s in snapshots] == [False] * 29 + [True]
    assert snapshots[0].estimates.shape == (3, 2, 1, 16, 16)
    last = snapshots[-1]
    assert last.estimates.shape == (16, 2, 1, 16, 16)
    assert last.total[:3].mean() < 0.5 * snapshots[0].total.mean()
    torch.testing.assert_close(last.total, (last.estimates.sum(1) - y).abs().mean((1, 2, 3)))
    doing_nothing = (y - y.mean(0)).abs().mean()  # the same picture for all
    assert last.total.mean() < 0.8 * doing_nothing


def test_stopped_it_hands_over_what_it_has() -> None:
    told = iter([False, False, True])
    *early, last = separate(mixtures(), SMALL, stop=lambda: next(told))
    assert (len(early), last.step, last.steps, last.done) == (2, 3, 30, True)
    *_, whole = separate(mixtures(), replace(SMALL, epochs=3))
    assert torch.equal(last.estimates, whole.estimates)


def test_the_seed_decides() -> None:
    once = replace(SMALL, epochs=1)
    *_, one = separate(mixtures(), once)
    *_, again = separate(mixtures(), once)
    *_, other = separate(mixtures(), once, seed=1)
    assert torch.equal(one.estimates, again.estimates)
    assert not torch.equal(one.estimates, other.estimates)
