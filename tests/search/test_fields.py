"""The spectrogram's poolings and gradient fields, against values worked out by hand."""

from __future__ import annotations

import torch

from bssdemo.search import fields
from bssdemo.stft import power

TINY = torch.tensor([[1.0, 2.0, 4.0], [3.0, 5.0, 9.0]])[None, None]  # 2 frames x 3 bins


def test_the_last_row_is_the_power_of_the_sum():
    clips = torch.randn(2, 3, 16_384, generator=torch.Generator().manual_seed(0))
    rows = fields.row_powers(clips)
    assert rows.shape == (2, 4, 127, 129)
    torch.testing.assert_close(rows[:, :3], power(clips, fields.STFT))
    torch.testing.assert_close(rows[:, 3], power(clips.sum(1), fields.STFT), rtol=1e-3, atol=1e-3)


def test_poolings_average_two_by_two_and_ragged_ends_over_what_is_there():
    levels = fields.pyramid(TINY)
    assert [tuple(level.shape[2:]) for level in levels] == [(2, 3), (1, 2), (1, 1)]
    torch.testing.assert_close(levels[1][0, 0], torch.tensor([[2.75, 6.5]]))
    torch.testing.assert_close(levels[2][0, 0], torch.tensor([[4.625]]))


def test_the_papers_spectrogram_has_three_sizes():
    levels = fields.pyramid(torch.zeros(1, 1, 127, 129))
    assert [tuple(level.shape[2:]) for level in levels] == [(127, 129), (64, 65), (32, 33)]


def test_a_gradient_field_lists_time_then_frequency_differences():
    expected = torch.tensor([2.0, 3.0, 5.0, 1.0, 2.0, 2.0, 4.0])
    torch.testing.assert_close(fields.gradient(TINY)[0, 0], expected)
    assert fields.time_places(2, 3) == 3


def test_midpoints_lie_at_the_places_of_the_gradient():
    expected = torch.tensor([2.0, 3.5, 6.5, 1.5, 3.0, 4.0, 7.0])
    torch.testing.assert_close(fields.midpoints(TINY)[0, 0], expected)


def test_pairs_are_all_of_them_once():
    assert list(zip(*fields.pairs(3), strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert fields.pairs(1) == ([], [])


def test_inner_products_and_their_gradient() -> None:
    x = torch.randn(2, 3, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(fields.products(x), torch.einsum("bip,bjp->bij", x, x))
    assert torch.autograd.gradcheck(fields.products, x.requires_grad_())
