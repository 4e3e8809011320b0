"""The training losses at points where their value is known."""

import math

import torch
from torch import nn

from bssdemo.audio.format import SAMPLES
from bssdemo.models import Critic
from bssdemo.training.autoencoder import mask_error, noisy, sliced_distance_to_uniform, spectral_distance
from bssdemo.training.wgan import PENALTY, critic_loss, gradient_penalty, uniform_latents


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def audio(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, SAMPLES, generator=rng(seed))


def test_spectral_distance_is_zero_at_identity_and_blind_to_sign() -> None:
    x = audio(2)
    assert spectral_distance(x, x).abs().max() == 0
    torch.testing.assert_close(spectral_distance(x, -x), torch.zeros(2), atol=1e-5, rtol=0)


def test_spectral_distance_of_half_the_level() -> None:
    # convergence 1/2; the log difference is log 2 where magnitudes are far above the floor
    x = 1000 * audio(1)
    expected = 0.5 + math.log(2)
    assert abs(spectral_distance(x, x / 2).item() - expected) < 1e-2


def test_spectral_distance_on_silence_has_finite_gradients() -> None:
    silence = torch.zeros(1, SAMPLES, requires_grad=True)
    spectral_distance(torch.zeros(1, SAMPLES), silence).sum().backward()
    assert silence.grad is not None
    assert torch.isfinite(silence.grad).all()


def test_mask_error_is_zero_alone_and_that_of_the_ideal_filter_for_the_truth() -> None:
    own, others = audio(2), audio(2, seed=1)
    assert mask_error(own, own, audio(2, seed=2)).max() < 1e-3  # there is nobody else, whatever the estimate
    # Two independent noises: with W = p / (p + q) the error is pq / (p + q) in the mean over phases, a third of E[p]
    truth = mask_error(own + others, own, own)
    torch.testing.assert_close(truth, torch.full((2,), (1 / 3) ** 0.5), atol=0.02, rtol=0)
    for worse in (0.3 * own, 3 * own, others, torch.zeros(2, SAMPLES)):
        assert (mask_error(own + others, own, worse) > truth).all()
    torch.testing.assert_close(  # nothing is let through: all of the clip is missing
        mask_error(own + others, own, torch.zeros(2, SAMPLES)), torch.ones(2), atol=1e-2, rtol=0
    )


def test_mask_error_on_silence_has_finite_gradients() -> None:
    silence = torch.zeros(1, SAMPLES, requires_grad=True)
    mask_error(torch.zeros(1, SAMPLES), torch.zeros(1, SAMPLES), silence).sum().backward()
    assert silence.grad is not None
    assert torch.isfinite(silence.grad).all()


def test_sliced_distance_tells_uniform_from_collapsed() -> None:
    uniform = uniform_latents(2048, 20, rng(1))
    assert sliced_distance_to_uniform(uniform, rng(2)) < 0.01
    # all latents at 0: every projection of U(-1, 1)^n has variance 1/3
    collapsed = sliced_distance_to_uniform(torch.zeros(2048, 20), rng(2))
    assert abs(collapsed.item() - 1 / 3) < 0.03


def test_noise_stays_in_the_cube() -> None:
    z = noisy(torch.full((4, 10), 0.99), rng())
    assert z.max() <= 1
    assert z.min() < 0.99


class Linear(nn.Module):
    """D(x) = w . x + 3: its gradient is w everywhere."""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, x: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        return x @ self.weight + 3


def test_gradient_penalty_and_critic_loss_of_a_linear_critic() -> None:
    weight = torch.zeros(SAMPLES)
    weight[:9] = 1.0  # norm 3: penalty (3 - 1)^2 = 4
    real, fake = audio(3), audio(3, seed=1)
    penalty = gradient_penalty(Linear(weight), real, fake, rng())
    torch.testing.assert_close(penalty, torch.full((3,), 4.0))
    loss, distance = critic_loss(Linear(weight), real, fake, rng())
    expected = (real[:, :9].sum(1).mean() - fake[:, :9].sum(1).mean()).item()
    assert abs(distance.item() - expected) < 1e-4
    assert abs(loss.item() - (PENALTY * 4 - expected)) < 1e-3


def test_gradient_penalty_trains_a_real_critic() -> None:
    critic = Critic(model_size=2)
    gradient_penalty(critic, audio(2), audio(2, seed=1), rng()).sum().backward()
    gradient = critic.down[0].weight.grad
    assert isinstance(gradient, torch.Tensor)  # second derivatives reach the first layer
    assert gradient.abs().sum() > 0


def test_latents_fill_the_cube() -> None:
    z = uniform_latents(1000, 10, rng())
    assert z.min() >= -1
    assert z.max() <= 1
    assert abs(z.var().item() - 1 / 3) < 0.02
