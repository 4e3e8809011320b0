"""Cut and joined again, a signal is what it was."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bssdemo.windows import cut, join, lay_out

LENGTH = 64


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@given(samples=st.integers(1, 700), overlap=st.floats(0, 0.9))
@settings(deadline=None, max_examples=150)
def test_joining_the_windows_of_a_signal_gives_the_signal_back(samples: int, overlap: float) -> None:
    layout, x = lay_out(samples, LENGTH, overlap), noise(2, samples)
    pieces = cut(x, layout)
    assert pieces.shape == (2, len(layout.starts), LENGTH)
    torch.testing.assert_close(join(pieces, layout), x, rtol=0, atol=1e-6)


@given(samples=st.integers(LENGTH, 2000), overlap=st.floats(0, 0.9))
@settings(deadline=None, max_examples=150)
def test_windows_cover_the_recording_evenly_and_overlap_enough(samples: int, overlap: float) -> None:
    layout = lay_out(samples, LENGTH, overlap)
    hops = [b - a for a, b in zip(layout.starts, layout.starts[1:], strict=False)]
    assert layout.starts[0] == 0
    assert layout.starts[-1] == samples - LENGTH
    if hops:
        assert max(hops) - min(hops) <= 1
        assert max(hops) <= LENGTH - layout.fade
        one_fewer = (samples - LENGTH) / (len(hops) - 1) if len(hops) > 1 else samples
        assert one_fewer > LENGTH - layout.fade  # no window too many


def test_a_recording_of_one_window_is_that_window() -> None:
    x = noise(LENGTH)
    layout = lay_out(LENGTH, LENGTH, 0.25)
    assert torch.equal(cut(x, layout), x[None])
    assert torch.equal(join(x[None], layout), x)


def test_a_shorter_one_is_followed_by_zeros() -> None:
    x = noise(10)
    layout = lay_out(10, LENGTH, 0.25)
    assert cut(x, layout)[0, 10:].eq(0).all()
    assert torch.equal(join(cut(x, layout), layout), x)


def test_windows_that_disagree_are_faded_into_each_other() -> None:
    """One window of ones and one of zeros: a fall from 1 to 0 in small steps, over the overlap."""
    layout = lay_out(112, LENGTH, 0.25)
    assert layout.starts == (0, 48)
    y = join(torch.stack([torch.ones(LENGTH), torch.zeros(LENGTH)]), layout)
    assert y[:48].eq(1).all()
    assert y[64:].eq(0).all()
    fall = y[47:65].diff()
    assert (fall <= 0).all()
    assert fall.abs().max() < 0.11  # a sine's steepest step: pi / 2 / 16
    torch.testing.assert_close(y[48:64] + y[48:64].flip(0), torch.ones(16))


@pytest.mark.parametrize(("samples", "overlap"), [(0, 0.2), (100, 1.0), (100, -0.1)])
def test_what_cannot_be_laid_out_is_refused(samples: int, overlap: float) -> None:
    with pytest.raises(ValueError, match=r"no samples|overlap"):
        lay_out(samples, LENGTH, overlap)
