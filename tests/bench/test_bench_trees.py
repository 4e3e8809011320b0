"""Trees scored: exact networks are always right, and what a network gets wrong is counted."""

import pytest
import torch
from torch import Tensor

from bssdemo.bench.trees import TreeError, sides_of_kinds, table, take_apart
from bssdemo.unmix.cycle import Mask
from tests.bench.reading import cells

LABELS = ("zero", "one", "four")
WAYS = (("zero + one", "four"), ("one + four", "zero"))
KINDS = {(0, 1): 0, (0, 0): 1, (1, 0): 2}


def rows_to_first(*kinds: int) -> Mask:
    """Every kind has two rows of a picture; these kinds' rows are the first output's."""
    mask = torch.zeros(1, 6, 6)
    for kind in kinds:
        mask[:, 2 * kind : 2 * kind + 2] = 1
    return lambda mixture: mask.expand_as(mixture)


def drawn() -> Tensor:
    """Sources (7, 3, 1, 6, 6): every choice of one to three kinds."""
    refs = torch.zeros(7, 3, 1, 6, 6)
    for number in range(1, 8):
        for kind in range(3):
            if number >> kind & 1:
                refs[number - 1, kind, :, 2 * kind : 2 * kind + 2] = 0.5
    return refs


def test_sides_are_read_from_the_names_of_the_outputs() -> None:
    assert sides_of_kinds(LABELS, WAYS) == KINDS
    with pytest.raises(TreeError, match="tells one and four apart"):
        sides_of_kinds(LABELS, [("zero", "one + four")] * 2)


def test_exact_networks_are_right_about_everything() -> None:
    refs = drawn()
    found = take_apart(refs.sum(1), [rows_to_first(0, 1), rows_to_first(1, 2)], KINDS, whole=0.9)
    torch.testing.assert_close(found.estimates, refs)
    lines = table(refs, found).splitlines()[2:]
    assert [cells(line)[:5] for line in lines] == [
        [str(count), str(n), "100.0 %", "100.0 %", psnr]
        for count, n, psnr in ((1, 3, "n/a"), (2, 3, "100.00"), (3, 1, "100.00"))
    ]


def test_mistakes_are_counted() -> None:
    """One network alone: zero and one stay together, which is right only where one of them is missing."""
    refs = drawn()
    found = take_apart(refs.sum(1), [rows_to_first(0, 1), rows_to_first(0, 1, 2)], KINDS, whole=0.9)
    assert found.leaves == (1, 1, 1, 1, 2, 2, 2)
    one, two, three = (cells(line)[2:4] for line in table(refs, found).splitlines()[2:])
    assert one == ["100.0 %", "66.7 %"]  # zero is taken for one
    assert two == ["66.7 %", "33.3 %"]
    assert three == ["0.0 %", "0.0 %"]
