"""The tree on networks that know the answer: parts are found again, branches stop where nothing is left to divide."""

from itertools import product

import pytest
import torch
from torch import Tensor

from bssdemo.unmix.cycle import Mask
from bssdemo.unmix.tree import grow

KINDS = 4
SIZE = 8


def source(kind: int, seed: int = 0) -> Tensor:
    """A picture of a kind: any values, but every kind has two rows of its own."""
    picture = torch.zeros(1, SIZE, SIZE)
    rows = slice(2 * kind, 2 * kind + 2)
    picture[:, rows] = 0.2 + torch.rand(1, 2, SIZE, generator=torch.Generator().manual_seed(seed + kind))
    return picture


def oracle(*first: int, leak: float = 0.0) -> Mask:
    """Gives these kinds to the first output, all others to the second, and `leak` of everything to the other one."""
    mask = torch.full((1, SIZE, SIZE), leak)
    for kind in first:
        mask[:, 2 * kind : 2 * kind + 2] = 1 - leak
    return lambda mixture: mask.expand_as(mixture)


TWO_WAYS = oracle(0, 1), oracle(0, 2)  # together they tell four kinds apart


@pytest.mark.parametrize("present", [p for p in product([False, True], repeat=KINDS) if any(p)])
def test_every_mixture_comes_apart_into_its_own_sources(present: tuple[bool, ...]) -> None:
    """One to four sources: as many leaves, each the true source, with the sides of its kind."""
    kinds = [kind for kind in range(KINDS) if present[kind]]
    root = grow(torch.stack([source(kind) for kind in kinds]).sum(0), TWO_WAYS)
    assert root is not None
    found = {leaf.sides: leaf.picture for leaf in root.leaves()}
    expected = {(kind // 2, kind % 2): source(kind) for kind in kinds}
    assert found.keys() == expected.keys()
    for sides, picture in expected.items():
        torch.testing.assert_close(found[sides], picture)


def test_a_source_that_leaks_less_than_allowed_is_whole() -> None:
    for leak, leaves in ((0.05, 1), (0.15, 2)):
        root = grow(source(1), [oracle(0, 1, leak=leak)], whole=0.9)
        assert root is not None
        assert len(list(root.leaves())) == leaves


def test_leaves_add_up_to_the_mixture_even_when_the_masks_are_bad() -> None:
    """Grey masks never find anything whole: the branches end when every network has had its turn."""
    mixture = source(0) + source(3)
    root = grow(mixture, [lambda y: torch.full_like(y, 0.3)] * 3)
    assert root is not None
    leaves = list(root.leaves())
    assert len(leaves) == 2**3
    torch.testing.assert_close(torch.stack([leaf.picture for leaf in leaves]).sum(0), mixture)


def test_nothing_has_no_tree() -> None:
    assert grow(torch.zeros(1, SIZE, SIZE), TWO_WAYS) is None
