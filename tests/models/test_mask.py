"""Mask network and discriminator: shapes of the paper, and nothing passes but through the bottleneck."""

import pytest
import torch

from bssdemo.models.mask import Discriminator, MaskNetwork


@pytest.mark.parametrize(("channels", "size", "levels"), [(1, 32, 4), (3, 64, 4), (2, 16, 3)])
def test_a_mask_has_its_mixtures_shape_and_a_score_is_one_number(
    channels: int, size: int, levels: int
) -> None:
    x = torch.rand(3, channels, size, size, generator=torch.Generator().manual_seed(0))
    mask = MaskNetwork(channels, size, width=2, levels=levels).freeze()(x)
    assert mask.shape == x.shape
    assert ((mask > 0) & (mask < 1)).all()
    assert Discriminator(channels, size, width=2, levels=levels)(x).shape == (3,)


@pytest.mark.parametrize("bounded", [True, False])
def test_a_bounded_mask_keeps_both_sources_in_range(bounded: bool) -> None:
    """Mixtures up to 2; where both sources are full, the mask can only be one half."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = MaskNetwork(width=2, bounded=bounded).freeze()
    y = 2 * torch.rand(5, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    y[0] = 2
    x = y * network(y)
    inside = bool((x <= 1 + 1e-6).all() and (y - x <= 1 + 1e-6).all())
    assert inside == bounded
    if bounded:
        torch.testing.assert_close(x[0], torch.ones(1, 32, 32))
        free = MaskNetwork(**(network.config | {"bounded": False})).freeze()
        free.load_state_dict(network.state_dict())
        torch.testing.assert_close(network(y)[y <= 1], free(y)[y <= 1])


def test_the_channels_are_those_of_the_paper() -> None:
    """64 next to the last layer, each preceding layer twice the number (section 4)."""
    shapes = [w.shape for name, w in MaskNetwork(width=64).named_parameters() if w.ndim == 4]
    assert [s[0] for s in shapes[:4]] == [64, 128, 256, 512]
    assert [s[0] for s in shapes[4:]] == [512, 256, 128, 64]


def test_there_are_no_skip_connections() -> None:
    """With the innermost feature map held at zero the mask no longer depends on the mixture."""
    network = MaskNetwork(width=2).freeze()
    innermost = next(layer for layer in network.layers if isinstance(layer, torch.nn.ConvTranspose2d))
    a, b = torch.rand(2, 1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    assert not torch.equal(network(a), network(b))
    innermost.register_forward_pre_hook(lambda _, inputs: (torch.zeros_like(inputs[0]),))
    assert torch.equal(network(a), network(b))


def test_the_config_builds_the_network_again() -> None:
    network = MaskNetwork(channels=3, size=64, width=4, levels=3, bounded=False)
    again = MaskNetwork(**network.config)
    assert again.config == network.config
    assert {k: v.shape for k, v in network.state_dict().items()} == {
        k: v.shape for k, v in again.state_dict().items()
    }


@pytest.mark.parametrize(("size", "levels"), [(28, 4), (8, 4), (0, 1)])
def test_sizes_that_cannot_be_halved_are_refused(size: int, levels: int) -> None:
    for network in (MaskNetwork, Discriminator):
        with pytest.raises(ValueError, match="multiple of"):
            network(size=size, levels=levels)
