"""The encoder answers in the cube the search lives in, one example at a time."""

import pytest
import torch

from bssdemo.audio.format import SAMPLES
from bssdemo.models import LatentEncoder
from bssdemo.models import encoder as module
from bssdemo.models.encoder import widened


def test_latents_lie_in_the_cube_and_follow_the_input() -> None:
    encoder = LatentEncoder(width=8, latent_size=5)
    noise = torch.randn(3, SAMPLES, generator=torch.Generator().manual_seed(0))
    z = encoder(noise)
    assert z.shape == (3, 5)
    assert z.abs().max() <= 1
    assert (z[0] - z[1]).abs().max() > 0
    torch.testing.assert_close(z[1:2], encoder(noise[1:2]), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("factor", [0.1, 8.0])
def test_the_level_of_the_input_does_not_matter(factor: float) -> None:
    encoder = LatentEncoder(width=8, latent_size=5)
    noise = torch.randn(2, SAMPLES, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(encoder(factor * noise), encoder(noise), atol=1e-4, rtol=1e-3)


def test_silence_has_a_finite_latent_and_gradient() -> None:
    encoder = LatentEncoder(width=8, latent_size=5)
    silence = torch.zeros(1, SAMPLES, requires_grad=True)
    encoder(silence).sum().backward()
    assert silence.grad is not None
    assert torch.isfinite(silence.grad).all()


def test_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="16384"):
        LatentEncoder(width=8)(torch.zeros(1, 1000))


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_a_widened_encoder_answers_as_before(copies: int, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = LatentEncoder(width=8, latent_size=5)
    noise = torch.randn(3, SAMPLES, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(module, "WIDENING_NOISE", 0.0)
    wide = widened(narrow, 8 * copies, torch.Generator().manual_seed(0))
    assert wide.config == {"width": 8 * copies, "latent_size": 5}
    torch.testing.assert_close(wide(noise), narrow(noise), atol=1e-5, rtol=1e-4)


def test_the_copies_of_a_widened_encoder_differ_a_little() -> None:
    narrow = LatentEncoder(width=8, latent_size=5)
    wide = widened(narrow, 16, torch.Generator().manual_seed(0))
    first = wide.convolutions[0].weight
    assert not torch.equal(first[0], first[1])
    torch.testing.assert_close(first[0], first[1], atol=0.0, rtol=0.1)


@pytest.mark.parametrize("width", [4, 12])
def test_only_multiples_can_be_widened_to(width: int) -> None:
    with pytest.raises(ValueError, match="multiple"):
        widened(LatentEncoder(width=8), width, torch.Generator())
