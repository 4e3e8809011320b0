"""The share network's masks: laws that hold whatever its weights are, and what training lowers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from bssdemo.checkpoints import disk, hub
from bssdemo.models.share import ShareNetwork
from bssdemo.search import refine
from bssdemo.search.share import shares


@pytest.fixture
def network() -> ShareNetwork:
    """With random weights all over: its head starts at zero otherwise."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        one = ShareNetwork(16, 8)
        torch.nn.init.normal_(one.head.weight, std=0.3)
    return one.freeze()


def noise(*shape: int, seed: int = 0) -> Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("samples", [2_000, 16_384, 40_001])
@pytest.mark.parametrize("sources", [1, 2, 5])
def test_shares_are_shares_and_the_parts_are_the_mixture(
    network: ShareNetwork, sources: int, samples: int
) -> None:
    mix, estimates = noise(samples), noise(sources, samples, seed=1)
    masks = shares(mix, estimates, network)
    assert masks.shape == refine.masks(mix, estimates).shape
    assert masks.min() >= 0
    torch.testing.assert_close(masks.sum(0), torch.ones_like(masks[0]), atol=1e-5, rtol=0)
    parts = refine.apply(masks, mix, refine.DEFAULT.stft)
    torch.testing.assert_close(parts.sum(0), mix, atol=1e-5, rtol=0)


def test_it_knows_no_names(network: ShareNetwork) -> None:
    """The sources in another order give the same masks in that order."""
    mix, estimates, order = noise(16_384), noise(3, 16_384, seed=1), [2, 0, 1]
    masks, turned = shares(mix, estimates, network), shares(mix, estimates[order], network)
    torch.testing.assert_close(turned[:3], masks[order], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(turned[3], masks[3], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("factor", [1e-3, 30.0])
def test_loudness_does_not_matter(network: ShareNetwork, factor: float) -> None:
    mix, estimates = noise(16_384), noise(2, 16_384, seed=1)
    torch.testing.assert_close(
        shares(factor * mix, factor * estimates, network), shares(mix, estimates, network), atol=1e-3, rtol=0
    )


def test_an_example_does_not_hear_its_batch(network: ShareNetwork) -> None:
    mix, estimates = noise(3, 16_384), noise(3, 2, 16_384, seed=1)
    together = shares(mix, estimates, network)
    for k in range(3):
        torch.testing.assert_close(together[k], shares(mix[k], estimates[k], network), atol=1e-4, rtol=1e-3)


def test_an_untrained_network_leaves_the_formula_as_it_is() -> None:
    mix, estimates = noise(16_384), noise(2, 16_384, seed=1)
    masks = shares(mix, estimates, ShareNetwork(16, 8).freeze())
    torch.testing.assert_close(masks, refine.masks(mix, estimates), atol=1e-3, rtol=0)
    assert torch.equal(shares(mix, estimates, None), refine.masks(mix, estimates))


def test_silence_has_finite_shares(network: ShareNetwork) -> None:
    assert torch.isfinite(shares(torch.zeros(16_384), torch.zeros(2, 16_384), network)).all()


def test_bf16_is_nearly_float32(network: ShareNetwork) -> None:
    mix, estimates = noise(16_384), noise(2, 16_384, seed=1)
    exact = shares(mix, estimates, network)
    rounded = shares(mix, estimates, network.freeze(torch.bfloat16))
    assert rounded.dtype == torch.float32
    assert (exact - rounded).abs().mean() < 0.01


def test_a_checkpoint_brings_it_back(network: ShareNetwork, tmp_path: Path) -> None:
    disk.write(tmp_path / "share", network, {"name": "share", "label": "shares"})
    again = hub.load_share(tmp_path)
    assert again is not None
    assert again.config == network.config
    with pytest.raises(hub.CheckpointError):
        hub.load("share", tmp_path)


def test_a_width_that_cannot_be_divided_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 16"):
        ShareNetwork(20)
