"""Weights drawn from a generator are PyTorch's own, and the global generator never knows."""

import torch
from torch import nn

from bssdemo.models.initial import drawn


def network() -> nn.Module:
    return nn.Sequential(
        nn.Linear(7, 5), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ConvTranspose2d(6, 2, 4, bias=False)
    )


def test_the_weights_are_those_of_the_global_generator_with_that_seed() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        expected = network()
    state = torch.random.get_rng_state()
    ours = drawn(network, torch.Generator().manual_seed(3))
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)
    assert all(p.requires_grad and p.device.type == "cpu" for p in ours.parameters())
