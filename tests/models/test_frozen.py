"""The frozen generator against torch's own transposed convolutions, value and gradient, in both precisions."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from bssdemo.checkpoints import hub
from bssdemo.models import Generator
from bssdemo.models import frozen as frozen_kernels
from bssdemo.models.frozen import FixedConvolution

AUDIO_SNR = 45.0  # dB: bf16 keeps 8 bits, one layer's rounding is 56 dB down; measured 52
SLOPE_SNR = 30.0  # dB: hidden units near zero fall on the other side; measured 36 to 41


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def generator() -> Generator:
    """Loud enough for the tanh to bend, with biases that matter."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Generator(model_size=4, latent_size=7)
        with torch.no_grad():
            network.dense.weight *= 3
            for layer in network.up:
                layer.weight *= 3
                layer.bias += 0.1 * torch.randn(layer.bias.shape)
    return network


def by_torch(generator: Generator, z: Tensor) -> Tensor:
    """WaveGAN as it is usually written."""
    x = generator.dense(z).view(len(z), -1, 16)
    for layer in generator.up:
        x = F.conv_transpose1d(F.relu(x), layer.weight, layer.bias, 4, padding=11, output_padding=1)
    return torch.tanh(x[:, 0])


def frozen(generator: Generator, dtype: torch.dtype) -> Generator:
    return copy.deepcopy(generator).freeze(dtype)


def value_and_slope(function, z: Tensor) -> tuple[Tensor, Tensor]:
    z = z.clone().requires_grad_()
    audio = function(z)
    (slope,) = torch.autograd.grad(audio, z, torch.randn(audio.shape, generator=rng(2)))
    return audio.detach(), slope


def snr(ref: Tensor, est: Tensor) -> float:
    return float(10 * torch.log10(ref.square().sum() / (ref - est).square().sum()))


@pytest.mark.parametrize("packed", [True, False])  # False is what other devices run
@pytest.mark.parametrize("batch", [1, 3, 16])
def test_in_float32_it_is_torchs(
    generator: Generator, batch: int, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not packed:
        monkeypatch.setattr(frozen_kernels, "_packable", lambda kernel: False)
    z = 2 * torch.rand(batch, 7, generator=rng(1)) - 1
    audio, slope = value_and_slope(lambda z: by_torch(generator, z), z)
    ours, our_slope = value_and_slope(frozen(generator, torch.float32), z)
    assert audio.abs().max() > 0.5
    torch.testing.assert_close(ours, audio, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(our_slope / slope.abs().max(), slope / slope.abs().max(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("batch", [1, 3, 16])
def test_a_shipped_prior_in_bf16_is_near(batch: int, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not packed:
        monkeypatch.setattr(frozen_kernels, "_packable", lambda kernel: False)
    shipped = hub.load("digit", hub.BUNDLED).generator
    z = 2 * torch.rand(batch, shipped.latent_size, generator=rng(1)) - 1
    audio, slope = value_and_slope(lambda z: by_torch(shipped, z), z)
    ours, our_slope = value_and_slope(frozen(shipped, torch.bfloat16), z)
    assert ours.dtype == our_slope.dtype == torch.float32
    assert AUDIO_SNR < snr(audio, ours) < 80, "above 80 dB nothing was computed in bf16"
    assert snr(slope, our_slope) > SLOPE_SNR


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_at_zero_it_is_finite_and_the_same_every_time(generator: Generator, dtype: torch.dtype) -> None:
    network = frozen(generator, dtype)
    audio, slope = value_and_slope(network, torch.zeros(2, 7))
    again, slope_again = value_and_slope(network, torch.zeros(2, 7))
    assert torch.isfinite(audio).all()
    assert torch.isfinite(slope).all()
    assert torch.equal(audio, again)
    assert torch.equal(slope, slope_again)


def test_a_copy_of_a_frozen_generator_sounds_the_same(generator: Generator) -> None:
    network, z = frozen(generator, torch.float32), torch.ones(1, 7)
    assert torch.equal(copy.deepcopy(network)(z), network(z))


@pytest.mark.parametrize("rectify", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_a_fixed_convolution_is_torchs_and_its_gradient_too(
    rectify: bool, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not packed:
        monkeypatch.setattr(frozen_kernels, "_packable", lambda kernel: False)
    kernel, bias = torch.randn(6, 5, 7, generator=rng()), torch.randn(6, generator=rng(1))
    x = torch.randn(2, 9, 5, generator=rng(3))
    convolve = FixedConvolution(kernel, bias, rectify=rectify)
    after = F.relu if rectify else torch.nn.Identity()
    theirs, their_slope = value_and_slope(lambda x: after(F.conv1d(x.mT, kernel, bias, padding=3)).mT, x)
    ours, our_slope = value_and_slope(convolve, x)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(our_slope, their_slope, atol=1e-5, rtol=1e-5)


def test_this_torch_has_the_operators_that_packing_needs() -> None:
    """Fails when torch is raised to a version without them: search then falls back to slower kernels."""
    assert frozen_kernels.packing_works(torch.float32)


@pytest.mark.parametrize("gone", ["_pack", "_packed_product"])
def test_a_torch_without_them_computes_the_same(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    def missing(*arguments: object) -> torch.Tensor:
        raise AttributeError("no such operator in this torch")

    usual = FixedConvolution(torch.ones(2, 3, 5), torch.zeros(2), rectify=True)
    frozen_kernels.packing_works.cache_clear()
    monkeypatch.setattr(frozen_kernels, gone, missing)
    try:
        plain = FixedConvolution(torch.ones(2, 3, 5), torch.zeros(2), rectify=True)
        assert not plain.packed
    finally:
        monkeypatch.undo()
        frozen_kernels.packing_works.cache_clear()
    x = torch.randn(1, 9, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(usual(x), plain(x))
