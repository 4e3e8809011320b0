"""The generator is WaveGAN's, computed another way; the critic sees shifted phases."""

import torch
from torch import nn

from bssdemo.audio.format import SAMPLES
from bssdemo.models import Critic, Generator
from bssdemo.models.wavegan import UpConv, phase_shuffle


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def transposed_twin(layer: UpConv) -> nn.ConvTranspose1d:
    inputs, outputs, _ = layer.weight.shape
    twin = nn.ConvTranspose1d(inputs, outputs, 25, 4, padding=11, output_padding=1)
    twin.load_state_dict({"weight": layer.weight, "bias": layer.bias})
    return twin


def test_upsampling_equals_torch_transposed_convolution() -> None:
    for inputs, outputs, time in ((6, 5, 16), (3, 1, 7), (4, 8, 1)):
        layer = UpConv(inputs, outputs)
        nn.init.normal_(layer.bias, generator=rng())
        x = torch.randn(2, inputs, time, generator=rng(1), requires_grad=True)
        ours, theirs = layer(x), transposed_twin(layer)(x)
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)
        upstream = torch.randn(ours.shape, generator=rng(2))
        (ours_x,) = torch.autograd.grad(ours, x, upstream)
        (theirs_x,) = torch.autograd.grad(theirs, x, upstream)
        torch.testing.assert_close(ours_x, theirs_x, atol=1e-6, rtol=1e-5)


def test_upsampling_weight_gradient_equals_transposed_convolution() -> None:
    layer = UpConv(4, 3)
    twin = transposed_twin(layer)
    x = torch.randn(2, 4, 16, generator=rng())
    layer(x).square().sum().backward()
    twin(x).square().sum().backward()
    assert layer.weight.grad is not None
    assert twin.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad, twin.weight.grad, atol=1e-4, rtol=1e-4)


def test_whole_generator_equals_one_built_from_transposed_convolutions() -> None:
    generator = Generator(model_size=4, latent_size=7)
    z = torch.rand(3, 7, generator=rng()) * 2 - 1
    x = generator.dense(z).view(3, 64, 16)
    for layer in generator.up:
        assert isinstance(layer, UpConv)
        x = transposed_twin(layer)(torch.relu(x))
    torch.testing.assert_close(generator(z), torch.tanh(x)[:, 0], atol=1e-6, rtol=1e-5)


def test_sizes_follow_the_paper() -> None:
    generator = Generator(model_size=64)
    assert sum(p.numel() for p in generator.parameters()) == (
        100 * 16_384 + 16_384  # dense: 16 frames of 16 d channels
        + sum(i * o * 25 + o for i, o in ((1024, 512), (512, 256), (256, 128), (128, 64), (64, 1)))
    )  # fmt: skip
    for model_size, latent in ((2, 3), (5, 100)):
        audio = Generator(model_size, latent)(torch.zeros(2, latent))
        assert audio.shape == (2, SAMPLES)
        assert audio.abs().max() <= 1


def test_freezing_changes_nothing_but_stops_gradients() -> None:
    generator = Generator(model_size=4)
    z = torch.rand(2, 100, generator=rng())
    before = generator(z)
    after = generator.freeze()(z.requires_grad_())
    torch.testing.assert_close(before, after)
    after.sum().backward()
    assert z.grad is not None
    assert z.grad.abs().sum() > 0
    assert all(p.grad is None and not p.requires_grad for p in generator.parameters())


def test_generator_examples_do_not_touch_each_other() -> None:
    generator = Generator(model_size=4)
    z = torch.rand(3, 100, generator=rng())
    torch.testing.assert_close(generator(z)[1:2], generator(z[1:2]), atol=1e-6, rtol=1e-5)


def test_phase_shuffle_shifts_each_example_by_its_own_offset() -> None:
    time, radius = 50, 2
    ramp = torch.arange(time, dtype=torch.float32).expand(400, 3, time)
    shuffled = phase_shuffle(ramp, radius, rng())
    offsets = shuffled[:, 0, 10] - 10
    assert set(offsets.tolist()) == {-2.0, -1.0, 0.0, 1.0, 2.0}
    inner = slice(radius, time - radius)
    expected = torch.arange(time)[inner] + offsets[:, None]
    for channel in range(3):  # one offset for the example's channels together
        torch.testing.assert_close(shuffled[:, channel, inner], expected)
    assert torch.equal(phase_shuffle(ramp, 0), ramp)


def test_phase_shuffle_reflects_at_the_ends() -> None:
    x = torch.arange(8, dtype=torch.float32).expand(200, 1, 8)
    shuffled = phase_shuffle(x, 2, rng())
    rows = {tuple(row) for row in shuffled[:, 0].tolist()}
    assert rows == {
        (2, 1, 0, 1, 2, 3, 4, 5),
        (1, 0, 1, 2, 3, 4, 5, 6),
        (0, 1, 2, 3, 4, 5, 6, 7),
        (1, 2, 3, 4, 5, 6, 7, 6),
        (2, 3, 4, 5, 6, 7, 6, 5),
    }


def test_critic_shuffles_and_is_unbounded() -> None:
    critic = Critic(model_size=4)
    audio = torch.randn(1, SAMPLES, generator=rng())
    scores = {round(critic(audio, rng(seed)).item(), 7) for seed in range(6)}
    assert len(scores) > 1, "phase shuffle is off"
    torch.testing.assert_close(critic(audio, rng(3)), critic(audio, rng(3)))
    plain = Critic(model_size=4, shuffle_radius=0)
    assert plain(audio).item() == plain(audio).item()
    with torch.no_grad():
        plain.dense.weight.mul_(1e4)
    assert plain(audio).abs().item() > 1, "a sigmoid would bound the score"
