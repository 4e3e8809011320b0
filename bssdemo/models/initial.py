"""A network's first weights from a generator of one's own.

PyTorch's constructors draw from the process's global generator. Seeding that in one thread of a server changes what
all others draw; here it is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)

UNIFORM = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)


@torch.no_grad()
def drawn(make: Callable[[], Network], generator: torch.Generator) -> Network:
    """What `make` builds, on the CPU, with weights and biases uniform within 1 / sqrt(inputs of a unit).

    The values are those of PyTorch's own initialisation after `torch.manual_seed` with the generator's seed. `make` may
    use linear and convolutional layers, and layers whose `reset_parameters` draws nothing.
    """
    with torch.device("meta"):  # no memory and no random numbers yet; holds for this thread alone
        network = make()
    network.to_empty(device="cpu")
    for layer in network.modules():
        if isinstance(layer, UNIFORM):
            bound = layer.weight[0].numel() ** -0.5
            for values in layer.parameters(recurse=False):
                values.uniform_(-bound, bound, generator=generator)
        elif reset := getattr(layer, "reset_parameters", None):
            reset()
    return network
