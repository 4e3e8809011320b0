"""GLO explains the mixtures it is fitted to."""

from dataclasses import replace

import torch

from bssdemo.baselines.glo import GloConfig, fit

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
    snapshots = list(fit(y, SMALL))
    assert [s.epoch for s in snapshots] == list(range(1, 31))
    assert [s.done for s in snapshots] == [False] * 29 + [True]
    assert snapshots[0].sources.shape == (3, 2, 1, 16, 16)
    assert snapshots[-1].sources.shape == (16, 2, 1, 16, 16)
    assert snapshots[-1].loss < 0.5 * snapshots[0].loss
    doing_nothing = (y - y.mean(0)).abs().mean()  # the same picture for all
    assert (snapshots[-1].sources.sum(1) - y).abs().mean() < 0.8 * doing_nothing


def test_the_seed_decides() -> None:
    once = replace(SMALL, epochs=1)
    *_, one = fit(mixtures(), once)
    *_, again = fit(mixtures(), once)
    *_, other = fit(mixtures(), once, seed=1)
    assert torch.equal(one.sources, again.sources)
    assert not torch.equal(one.sources, other.sources)
