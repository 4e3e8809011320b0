"""The terms of unmix-and-remix where their values are known in closed form."""

import pytest
import torch

from bssdemo.metrics.pictures import WINDOW, ssim
from bssdemo.training.mask_losses import (
    Weights,
    balance,
    discriminator_loss,
    energy_share,
    mask_terms,
    supervised_loss,
    total,
)

MIXTURE = 2 * torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))


def constant(value: float):
    return lambda mixture: torch.full_like(mixture, value)


def score(value: float):
    return lambda picture: torch.full((len(picture),), value)


@pytest.mark.parametrize("value", [0.0, 0.3, 0.5, 1.0])
def test_a_constant_mask(value: float) -> None:
    """x = a y, b = (1 - a) y: equity (a² + (1 - a)²) mean y², remixes a y1 + (1 - a) y2."""
    terms, remixes = mask_terms(MIXTURE, constant(value), score(0.25), margin=0.0)
    first, second = MIXTURE.chunk(2)
    torch.testing.assert_close(remixes[:3], value * first + (1 - value) * second)
    torch.testing.assert_close(remixes[3:], value * second + (1 - value) * first)
    assert terms["equity"].item() == pytest.approx(
        (value**2 + (1 - value) ** 2) * MIXTURE.square().mean().item()
    )
    assert terms["adversarial"].item() == pytest.approx(0.75**2)
    assert terms["balance"].item() == pytest.approx(5 * (value - 0.5) ** 2, abs=1e-5)
    # twice the constant mask: y' = (a² + (1-a)²) y1 + 2 a (1-a) y2, so |y - y'| = 2 a (1-a) |y1 - y2|
    expected = 2 * value * (1 - value) * (first - second).abs().mean().item()
    assert terms["cycle"].item() == pytest.approx(expected, abs=1e-6)


def test_equation_10() -> None:
    terms = {"cycle": torch.tensor(1.0), "adversarial": torch.tensor(10.0), "equity": torch.tensor(100.0)}
    terms["balance"] = torch.tensor(1e6)
    assert total(terms, Weights()).item() == 1 + 5 * 10 + 5 * 100  # the paper has no balance term
    assert total(terms, Weights(2.0, 0.0, 0.0, 1.0)).item() == 2 + 1e6


def test_the_share_of_either_source() -> None:
    mask = torch.rand(MIXTURE.shape, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(energy_share(MIXTURE, mask) + energy_share(MIXTURE, 1 - mask), torch.ones(6))


def test_the_hinge_opens_inside_its_margin_and_is_symmetric() -> None:
    near = torch.tensor([0.3, 0.7, 0.5, 0.45])
    assert balance(near, 0.25).tolist() == [0.0] * 4
    far = torch.tensor([0.0, 1.0])  # the batch's mean is one half
    torch.testing.assert_close(balance(far, 0.25), torch.full((2,), 0.25**2))
    everything = torch.ones(3)  # the trivial solution: own 0.25, batch 0.375
    torch.testing.assert_close(balance(everything, 0.25), torch.full((3,), 0.25**2 + 4 * 0.375**2))
    torch.testing.assert_close(balance(everything, 0.1), balance(1 - everything, 0.1))


def test_an_empty_mixture_has_finite_gradients() -> None:
    mask = torch.full((2, 1, 4, 4), 0.5, requires_grad=True)
    balance(energy_share(torch.zeros(2, 1, 4, 4), mask), 0.0).sum().backward()
    assert mask.grad is not None
    assert torch.isfinite(mask.grad).all()


def test_equation_4_is_zero_only_for_a_perfect_judge() -> None:
    assert discriminator_loss(torch.ones(4), torch.zeros(4)).item() == 0
    assert discriminator_loss(torch.zeros(4), torch.ones(4)).item() == 2
    assert discriminator_loss(torch.full((4,), 0.5), torch.full((4,), 0.5)).item() == 0.5


def test_the_supervised_loss_is_a_squared_error() -> None:
    x = torch.rand(3, 2, 1, 8, 8)
    assert supervised_loss(x, x).item() == 0
    assert supervised_loss(x, x + 0.1).item() == pytest.approx(0.01, rel=1e-4)


def test_structure_adds_what_ssim_lacks() -> None:
    """On pictures of one window there is nothing to leave out: the term is 1 - SSIM itself."""
    x, y = torch.rand(2, 3, 2, 1, WINDOW, WINDOW).unbind(0)
    added = supervised_loss(x, y, structure=0.5) - supervised_loss(x, y)
    assert added.item() == pytest.approx(0.5 * (1 - ssim(x, y).mean().item()), rel=1e-4)
    assert supervised_loss(x, x, structure=0.5).item() == pytest.approx(0, abs=1e-6)
