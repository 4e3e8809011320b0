"""PSNR and SSIM: closed forms, scikit-image as the oracle, one order for a whole set."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from bssdemo.metrics.pictures import in_order, psnr, ssim


def pictures(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_psnr_of_a_known_error() -> None:
    ref = 0.5 * pictures(4, 2, 3, 8, 8)
    for error, decibels in ((0.1, 20.0), (0.01, 40.0), (0.0, 100.0)):
        torch.testing.assert_close(psnr(ref, ref + error), torch.full((4, 2), decibels), atol=1e-3, rtol=0)
    torch.testing.assert_close(psnr(ref, 1 - ref), psnr(1 - ref, ref))


@pytest.mark.parametrize(("channels", "size"), [(1, 32), (3, 64)])
def test_ssim_is_scikit_images(channels: int, size: int) -> None:
    ref = pictures(2, 2, channels, size, size)
    est = (ref + 0.3 * pictures(2, 2, channels, size, size, seed=1) * (pictures(2, 2, 1, 1, 1) > 0.3)).clamp(
        0, 1
    )
    ours = ssim(ref, est)
    for place in np.ndindex(2, 2):
        theirs = structural_similarity(
            ref[place].numpy().astype(np.float64), est[place].numpy().astype(np.float64),
            data_range=1.0, channel_axis=0,
        )  # fmt: skip
        assert ours[place].item() == pytest.approx(theirs, abs=1e-6)


def test_ssim_is_one_for_equal_pictures_and_symmetric() -> None:
    a, b = pictures(2, 5, 1, 16, 16)
    torch.testing.assert_close(ssim(a, a), torch.ones(5))
    torch.testing.assert_close(ssim(a, b), ssim(b, a))
    assert (ssim(a, b) < 0.9).all()


def test_one_order_is_chosen_for_the_whole_set() -> None:
    """Two of three estimates are swapped: all are turned round, the third too."""
    ref = pictures(3, 2, 1, 8, 8)
    est = ref.flip(1).clone()
    est[2] = ref[2] * 0.9
    ordered, swapped = in_order(ref, est)
    assert swapped
    torch.testing.assert_close(ordered, est.flip(1))
    assert not in_order(ref, ordered)[1]
