"""One call of a network as it was loaded: weights that are finite can still lead to infinite values."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bssdemo.audio.format import SAMPLES
from bssdemo.models import Generator
from bssdemo.models.mask import MaskNetwork
from bssdemo.models.share import CHANNELS, ShareNetwork

LARGEST_WEIGHT = 1_000.0  # ours are below 25
BINS = 513  # of a share network's input


def is_sound(network: nn.Module) -> bool:
    """Whether every weight is of a sensible size, and what the network makes of a plain input is finite."""
    if any(weight.abs().max() > LARGEST_WEIGHT for weight in network.parameters()):
        return False
    with torch.no_grad():
        answer: Tensor = network(_input(network))
    return bool(torch.isfinite(answer).all())


def _input(network: nn.Module) -> Tensor:
    if isinstance(network, Generator):
        return torch.linspace(-1, 1, network.latent_size)[None]
    if isinstance(network, MaskNetwork):
        side = torch.linspace(0, 1, network.size)
        return (side * side[:, None]).expand(1, network.channels, -1, -1)
    if isinstance(network, ShareNetwork):
        return torch.linspace(-1, 1, 16)[:, None].expand(1, CHANNELS, 16, BINS)
    return 0.1 * torch.sin(torch.arange(SAMPLES) / 9)[None]
