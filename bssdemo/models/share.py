"""The share network: how a mixture's spectrogram is shared out among sources, given rough estimates of them.

It never sees a name. Every part of the mixture, each source and the residual, goes through the same U-Net, which sees
the mixture, the part's own estimate, the sum of the others and the part's present share, and answers with one logit
a bin. A recurrent layer over time in the middle lets it follow a sound. Learned from mixtures of many kinds, it
serves priors that it never met.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

CHANNELS = 5  # mixture, own estimate, the others' sum, present share, is it the residual?
DEPTH = 3  # stages that halve both axes
STEM = 4  # bins that the first layer takes together
LEAST = 1e-4  # below this root mean square a position's channels are not scaled up


class Block(nn.Module):
    """Convolution, every position's channels scaled to one size, and a rectifier that leaks.

    Nothing here looks further than the kernel, so that a second is treated alike in a short and in a long recording.
    """

    def __init__(self, inputs: int, outputs: int, stride: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
        self.scale = nn.Parameter(torch.ones(outputs, 1, 1))

    def forward(self, x: Float[Tensor, "N inputs _ _"]) -> Float[Tensor, "N outputs _ _"]:
        x = self.convolution(x)
        size = x.square().mean(1, keepdim=True).add(LEAST**2).rsqrt()
        return F.leaky_relu(x * size * self.scale, 0.2)


class ShareNetwork(nn.Module):
    """(N, 5, frames, 513) -> logits (N, frames, 513), any number of frames; N counts the parts of all mixtures.

    `width`: channels of the first stage, a multiple of 16; `memory`: of the recurrent layer, each way.
    """

    def __init__(self, width: int = 32, memory: int = 96) -> None:
        super().__init__()
        if width % 16:
            raise ValueError(f"the share network's width must be a multiple of 16, got {width}")
        self.width, self.memory = width, memory
        self._dtype = torch.float32
        widths = [width, width * 3 // 2, width * 2, width * 3]
        first, *others = widths
        self.stem = nn.Conv2d(CHANNELS, first, (3, 2 * STEM), (1, STEM), padding=(1, STEM // 2))
        self.enter = Block(first, first)
        self.down = nn.ModuleList(
            nn.Sequential(Block(i, o, (2, 2)), Block(o, o)) for i, o in zip(widths, others, strict=False)
        )
        places = 512 // STEM >> DEPTH
        thin = others[-1] // 4
        self.narrow = nn.Conv2d(others[-1], thin, 1)
        self.recurrent = nn.GRU(thin * places, memory, batch_first=True, bidirectional=True)
        self.widen = nn.Linear(2 * memory, thin * places)
        self.rejoin = nn.Conv2d(thin, others[-1], 1)
        pairs = list(zip(reversed(widths[:-1]), reversed(others), strict=True))
        self.thinner = nn.ModuleList(nn.Conv2d(o, i, 1) for i, o in pairs)
        self.up = nn.ModuleList(Block(i, i) for i, _ in pairs)
        self.head = nn.ConvTranspose2d(first, 1, (3, 2 * STEM), (1, STEM), padding=(1, STEM // 2))
        nn.init.zeros_(self.head.weight)  # at first the present shares stay as they are
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)

    @property
    def config(self) -> dict[str, int]:
        """The arguments that build this network again; written to config.json."""
        return {"width": self.width, "memory": self.memory}

    def freeze(self, dtype: torch.dtype = torch.float32) -> ShareNetwork:
        """Ready to be used: evaluation mode, no gradients for the weights, convolutions in `dtype`."""
        self.eval().requires_grad_(False)
        self._dtype = dtype
        return self

    def forward(self, x: Float[Tensor, "N channels frames bins"]) -> Float[Tensor, "N frames bins"]:
        if self._dtype is torch.float32:
            return self._logits(x)
        with torch.autocast(x.device.type, self._dtype):
            return self._logits(x).float()

    def _logits(self, x: Float[Tensor, "N channels frames bins"]) -> Float[Tensor, "N frames bins"]:
        frames = x.shape[2]
        missing = -frames % 2**DEPTH
        x = F.pad(x[..., :-1], (0, 0, 0, missing), mode="replicate" if missing else "constant")
        x = self.enter(F.leaky_relu(self.stem(x), 0.2))
        passed = []
        for stage in self.down:
            passed.append(x)
            x = stage(x)
        x = x + self._remember(x)
        for thinner, block, skip in zip(self.thinner, self.up, reversed(passed), strict=True):
            x = block(F.interpolate(thinner(x), scale_factor=2.0) + skip)
        logits = self.head(x)[:, 0, :frames]
        return F.pad(logits, (0, 1), mode="replicate")

    def _remember(
        self, x: Float[Tensor, "N channels frames bins"]
    ) -> Float[Tensor, "N channels frames bins"]:
        thin = self.narrow(x)
        along, _ = self.recurrent(thin.transpose(1, 2).flatten(2))
        back = self.widen(along).unflatten(2, (thin.shape[1], thin.shape[3])).transpose(1, 2)
        out: Tensor = self.rejoin(F.leaky_relu(back, 0.2))
        return out
