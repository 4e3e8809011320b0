"""A drawing becomes a picture like MNIST's, wherever and however large it was drawn."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bssdemo.separation.pictures.drawing import DIGIT_BOX, DrawingError, ink, placed


def paper(top: int, left: int, height: int, width: int) -> np.ndarray:
    """White paper of 200 x 200 with a black L: a stem and a foot."""
    page = np.full((200, 200, 4), 255, np.uint8)
    page[top : top + height, left : left + width // 4, :3] = 0
    page[top + height - height // 8 : top + height, left : left + width, :3] = 0
    return page


@given(st.integers(0, 80), st.integers(0, 120), st.integers(1, 3))
def test_the_longer_side_fills_the_box_and_the_mass_is_in_the_middle(top: int, left: int, times: int) -> None:
    out = placed(ink(paper(top, left, 40 * times, 24 * times), 1), 32, DIGIT_BOX)[0]
    rows, columns = (torch.nonzero(out.amax(axis) > 0.05)[:, 0] for axis in (1, 0))
    assert int(rows[-1] - rows[0]) + 1 == 20
    assert int(columns[-1] - columns[0]) + 1 == 12
    places = torch.arange(32) + 0.5
    for axis in (1, 0):
        mass = out.sum(axis)
        assert abs(float((places * mass).sum() / mass.sum()) - 16) <= 0.5
    assert out.max() == pytest.approx(1, abs=1e-6)


def test_where_it_was_drawn_does_not_matter() -> None:
    here, there = (
        placed(ink(paper(top, left, 80, 48), 1), 32, DIGIT_BOX) for top, left in ((0, 0), (90, 130))
    )
    assert torch.equal(here, there)


def test_transparent_paper_is_white_paper_and_colours_are_complements() -> None:
    white = paper(20, 20, 80, 48)
    clear = white.copy()
    clear[white[..., 0] == 255] = 0
    torch.testing.assert_close(ink(white, 3), ink(clear, 3))
    red = np.full((9, 9, 4), 255, np.uint8)
    red[4, 4] = (255, 0, 0, 255)
    assert ink(red, 3)[:, 4, 4].tolist() == [0, 1, 1]
    assert ink(red, 1)[0, 4, 4] == pytest.approx(2 / 3)


def test_a_large_drawing_stays_whole_at_the_edge() -> None:
    """All its mass on one side: it is moved as far as the picture's edge allows."""
    page = np.full((100, 100, 4), 255, np.uint8)
    page[:, :90, :3] = 250
    page[:, :10, :3] = 0
    page[50, 10:, :3] = 0
    out = placed(ink(page, 1), 32, 1.0)
    assert out.shape == (1, 32, 32)
    assert out[0, :, 0].min() > 0.9


@pytest.mark.parametrize("shade", [255, 240])
def test_empty_paper_is_refused_in_words(shade: int) -> None:
    page = np.full((50, 50, 4), shade, np.uint8)
    page[..., 3] = 255
    with pytest.raises(DrawingError, match="draw one digit"):
        placed(ink(page, 1), 32, DIGIT_BOX)
