"""No baseline seeds or draws from the process's generator: other threads of the server draw from it too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from bssdemo.baselines import dap, factorisation, glo, rpca

NOISE = torch.randn(4_000, generator=torch.Generator().manual_seed(0))
PICTURES = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
SMALL = glo.GloConfig(latent=8, width=4, epochs=2, batch=3)

RUNS: dict[str, Callable[[int], Iterator]] = {
    **{
        name: lambda seed, separate=separate: separate(NOISE, 2, seed=seed)
        for name, separate in factorisation.SEPARATORS.items()
    },
    "dap": lambda seed: dap.separate(NOISE, 2, seed=seed, config=dap.DapConfig(steps=2)),
    "glo": lambda seed: glo.separate(PICTURES, SMALL, seed=seed),
    "rpca": lambda seed: rpca.separate(PICTURES),
}


def answer(name: str, seed: int = 0) -> torch.Tensor:
    *_, last = RUNS[name](seed)
    return last.estimates


@pytest.mark.parametrize("name", RUNS)
def test_the_global_generators_are_neither_seeded_nor_used(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for a moment: what is put back later was wrong for a thread that drew in between."""

    def forbidden(*args: object, **options: object) -> None:
        raise AssertionError("the global generator was touched")

    for owner, function in ((torch, "manual_seed"), (torch.random, "fork_rng")):
        monkeypatch.setattr(owner, function, forbidden)
    state = torch.random.get_rng_state()
    answer(name)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("name", RUNS)
def test_two_at_once_answer_as_one_alone(name: str) -> None:
    alone = [answer(name, seed) for seed in range(2)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(answer, [name] * 8, [0, 1] * 4))
    for number, estimates in enumerate(together):
        torch.testing.assert_close(estimates, alone[number % 2], rtol=1e-4, atol=1e-6)
