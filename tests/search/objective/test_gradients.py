"""The spectrogram's poolings and gradients, against values worked out by hand."""

from __future__ import annotations

import pytest
import torch

from bssdemo.audio.stft import power
from bssdemo.search.objective import gradients

TINY = torch.tensor([[1.0, 2.0, 4.0], [3.0, 5.0, 9.0]])[None, None]  # 2 frames x 3 bins


def test_the_last_row_is_the_power_of_the_sum():
    clips = torch.randn(2, 3, 16_384, generator=torch.Generator().manual_seed(0))
    rows = gradients.row_powers(clips)
    assert rows.shape == (2, 4, 127, 129)
    torch.testing.assert_close(rows[:, :3], power(clips, gradients.STFT))
    torch.testing.assert_close(rows[:, 3], power(clips.sum(1), gradients.STFT), rtol=1e-3, atol=1e-3)


def test_poolings_average_two_by_two_and_ragged_ends_over_what_is_there():
    levels = gradients.pyramid(TINY)
    assert [tuple(level.shape[2:]) for level in levels] == [(2, 3), (1, 2), (1, 1)]
    torch.testing.assert_close(levels[1][0, 0], torch.tensor([[2.75, 6.5]]))
    torch.testing.assert_close(levels[2][0, 0], torch.tensor([[4.625]]))


def test_the_papers_spectrogram_has_three_sizes():
    levels = gradients.pyramid(torch.zeros(1, 1, 127, 129))
    assert [tuple(level.shape[2:]) for level in levels] == [(127, 129), (64, 65), (32, 33)]


def test_a_gradient_lists_time_then_frequency_differences():
    expected = torch.tensor([2.0, 3.0, 5.0, 1.0, 2.0, 2.0, 4.0])
    torch.testing.assert_close(gradients.gradient(TINY)[0, 0], expected)
    assert gradients.time_places(2, 3) == 3


def test_midpoints_lie_at_the_places_of_the_gradient():
    expected = torch.tensor([2.0, 3.5, 6.5, 1.5, 3.0, 4.0, 7.0])
    torch.testing.assert_close(gradients.midpoints(TINY)[0, 0], expected)


def test_pairs_are_all_of_them_once():
    assert list(zip(*gradients.pairs(3), strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert gradients.pairs(1) == ([], [])


def test_inner_products_and_their_gradient() -> None:
    x = torch.randn(2, 3, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(gradients.products(x), torch.einsum("bip,bjp->bij", x, x))
    assert torch.autograd.gradcheck(gradients.products, x.requires_grad_())


@pytest.mark.parametrize("shape", [(2, 3, 7, 9), (1, 1, 2, 3), (1, 4, 127, 129)])
def test_steep_squares_and_their_gradient_are_those_of_the_formula(shape):
    noise = torch.Generator().manual_seed(0)
    x = torch.randn(shape, dtype=torch.float64, generator=noise).requires_grad_()
    steepness = 0.1 + torch.rand(shape[0], 1, 1, 1, dtype=torch.float64, generator=noise)
    ours = gradients.steep_squares(x, steepness)
    formula = torch.tanh(gradients.gradient(x * steepness)).square()
    torch.testing.assert_close(ours, formula)
    upstream = torch.randn(ours.shape, dtype=torch.float64, generator=noise)
    (slope,), (expected,) = (torch.autograd.grad(y, x, upstream) for y in (ours, formula))
    torch.testing.assert_close(slope, expected)
    single = gradients.steep_squares(x.detach().float(), steepness.float())
    torch.testing.assert_close(single, formula.detach().float(), atol=1e-6, rtol=0)


def test_steep_squares_pass_gradcheck():
    noise = torch.Generator().manual_seed(0)
    x = torch.randn(2, 2, 3, 4, dtype=torch.float64, generator=noise).requires_grad_()
    steepness = torch.tensor([0.5, 2.0], dtype=torch.float64)[:, None, None, None]
    assert torch.autograd.gradcheck(lambda x: gradients.steep_squares(x, steepness), x)
