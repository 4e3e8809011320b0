"""Unmix, swap, remix: what must hold for any mask, and what holds for the right one."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bssdemo.unmix.cycle import steps, swap, unmix, unmix_all


def pictures(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def wavy(mixture: Tensor) -> Tensor:
    """Some mask of a mixture."""
    return torch.sigmoid(3 * torch.sin(9 * mixture))


@pytest.mark.parametrize("shape", [(1, 4, 4), (5, 3, 8, 8), (2, 3, 1, 4, 4)])
def test_the_sources_add_up_to_the_mixture(shape: tuple[int, ...]) -> None:
    mixture = pictures(*shape)
    answer = unmix(mixture, wavy)
    assert answer.sources.shape == (*shape[:-3], 2, *shape[-3:])
    torch.testing.assert_close(answer.sources.sum(-4), mixture)
    torch.testing.assert_close(answer.sources.select(-4, 0), mixture * wavy(mixture))


def test_a_batch_is_unmixed_one_by_one() -> None:
    mixture = pictures(7, 1, 4, 4)
    together = unmix_all(mixture, wavy, chunk=3)
    torch.testing.assert_close(together.sources, torch.stack([unmix(y, wavy).sources for y in mixture]))


@given(st.integers(0, 1000))
def test_swapping_keeps_the_sum_and_swapping_again_undoes_it(seed: int) -> None:
    one, other = pictures(2, 2, 1, 3, 3, seed=seed)
    z1, z2 = swap(one, other)
    torch.testing.assert_close(z1 + z2, one.sum(0) + other.sum(0))
    y1, y2 = swap(torch.stack([one[0], other[1]]), torch.stack([other[0], one[1]]))
    torch.testing.assert_close(y1, one.sum(0))
    torch.testing.assert_close(y2, other.sum(0))


def test_the_right_mask_closes_the_circle() -> None:
    """Sources in the left and the right half: the mask that knows it gives them back, and so the mixtures."""
    x, b = pictures(2, 1, 4, 4), pictures(2, 1, 4, 4, seed=1)
    x[..., 2:], b[..., :2] = 0, 0

    def left(mixture: Tensor) -> Tensor:
        return (torch.arange(4) < 2).float().expand(mixture.shape)

    start, unmixed, remixed, again, back = steps(x + b, left)
    assert [s.name for s in (start, unmixed, remixed, again, back)] == [
        "mixtures", "unmixed", "remixed", "unmixed again", "back",
    ]  # fmt: skip
    assert unmixed.unmixed is not None
    assert again.unmixed is not None
    torch.testing.assert_close(unmixed.unmixed.sources, torch.stack([x, b], dim=1))
    torch.testing.assert_close(remixed.mixtures, x + b.flip(0))
    torch.testing.assert_close(again.unmixed.sources, torch.stack([x, b.flip(0)], dim=1))
    torch.testing.assert_close(back.mixtures, x + b)


def test_a_wrong_mask_does_not_close_it() -> None:
    *_, back = steps(pictures(2, 1, 4, 4), wavy)
    assert (back.mixtures - pictures(2, 1, 4, 4)).abs().max() > 0.05
