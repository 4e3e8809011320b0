"""Principal component pursuit finds parts that are known."""

import pytest
import torch

from bssdemo.baselines.rpca import pursue, separate


def solved(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    *_, last = pursue(matrix)
    return last.low, last.sparse


def known_parts(size: int, rank: int, share: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    low = torch.randn(size, rank, generator=random) @ torch.randn(rank, size, generator=random) / size**0.5
    where = torch.rand(size, size, generator=random) < share
    return low, where * torch.randn(size, size, generator=random).sign()


@pytest.mark.parametrize(("rank", "share"), [(1, 0.02), (3, 0.05), (5, 0.1)])
def test_low_rank_and_sparse_part_are_found_exactly(rank: int, share: float) -> None:
    """Candès et al. 2011, Theorem 1: recovery for low rank and few corrupted entries."""
    low, sparse = known_parts(80, rank, share, seed=rank)
    found_low, found_sparse = solved(low + sparse)
    assert (found_low - low).norm() < 1e-3 * low.norm()
    assert (found_sparse - sparse).norm() < 1e-3 * sparse.norm()
    assert torch.linalg.matrix_rank(found_low, rtol=1e-3) == rank


def test_the_parts_add_up_and_a_batch_is_solved_one_by_one() -> None:
    batch = torch.rand(3, 2, 12, 20, generator=torch.Generator().manual_seed(0))
    low, sparse = solved(batch)
    torch.testing.assert_close(low + sparse, batch, atol=1e-4, rtol=0)
    alone, _ = solved(batch[1, 0])
    torch.testing.assert_close(low[1, 0], alone, atol=1e-4, rtol=0)


def test_scaling_the_matrix_scales_the_parts() -> None:
    matrix = torch.rand(10, 10, generator=torch.Generator().manual_seed(0))
    for part, louder in zip(solved(matrix), solved(3 * matrix), strict=True):
        torch.testing.assert_close(3 * part, louder, atol=1e-4, rtol=0)


def test_an_empty_picture_has_two_empty_sources() -> None:
    *_, answer = separate(torch.zeros(2, 1, 8, 8))
    assert not answer.estimates.any()


def test_as_a_separator_it_ends_with_both_parts_or_when_told() -> None:
    picture = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    *early, last = separate(picture)
    assert [s.done for s in early] == [False] * len(early)
    assert last.done
    torch.testing.assert_close(last.estimates, torch.stack(solved(picture), dim=1).clamp(0, 1))
    assert (last.total <= 1e-6).all()
    assert early[0].total.min() > last.total.max()
    told = iter([False, True])
    first, stopped = separate(picture, stop=lambda: next(told))
    assert (first.done, stopped.done, stopped.step) == (False, True, 2)
