"""WaveGAN (Donahue et al. 2019, arXiv 1802.04208): generator and critic of 16,384 samples.

Generator: z -> dense -> [16 d, 16] -> five upsampling layers of stride 4, kernel 25 -> tanh.
The critic mirrors it with leaky ReLU 0.2 and phase shuffle. No batch normalisation (WGAN-GP).

The upsampling layers are transposed convolutions, computed as plain ones. With padding 11 and
output padding 1, output sample 4 q + r (phase r in 0..3) is

    y[4 q + r] = sum over m = 0..6 of x[q + m - 3] * w[23 - 4 m + r],   taps outside 0..24 are zero,

so one convolution of kernel 7 with four times the output channels, followed by interleaving the
phases, does the same work without multiplying the stuffed zeros. A frozen generator keeps time before channels, and
the phases before a phase's channels: interleaving them is then nothing but another view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from bssdemo.audio.format import SAMPLES
from bssdemo.models.frozen import FixedConvolution

LATENT_SIZE = 100
KERNEL = 25
STRIDE = 4
LAYERS = 5
SEED_FRAMES = SAMPLES // STRIDE**LAYERS  # 16 time steps enter the first upsampling layer
PLAIN_KERNEL = 7
TIMED_KERNEL = 5  # of the convolution over a latent along time


class UpConv(nn.Module):
    """Four-fold upsampling, equal to `ConvTranspose1d(i, o, 25, 4, padding=11, output_padding=1)`.

    `weight` has that layer's shape (inputs, outputs, 25), so the two exchange weights freely.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        reference = nn.ConvTranspose1d(inputs, outputs, KERNEL, STRIDE)
        self.weight = nn.Parameter(reference.weight.detach().clone())
        self.bias = nn.Parameter(torch.zeros(outputs))

    def plain_weight(self) -> Float[Tensor, "outputs_by_phase inputs seven"]:
        """The equivalent plain kernel, output channel 4 c + r holding phase r of channel c."""
        taps = F.pad(self.weight, (1, 2))  # index 4 (6 - m) + r holds tap 23 - 4 m + r
        spread = taps.unflatten(2, (PLAIN_KERNEL, STRIDE)).flip(2)  # (i, o, m, r)
        return spread.permute(1, 3, 0, 2).reshape(-1, self.weight.shape[0], PLAIN_KERNEL)

    def fixed(self, dtype: torch.dtype, *, rectify: bool) -> FixedConvolution:
        """The plain convolution with its kernel as it is now; output channel o r + c holds phase r of channel c."""
        kernel = self.plain_weight().unflatten(0, (-1, STRIDE)).transpose(0, 1).flatten(0, 1)
        return FixedConvolution(kernel.to(dtype), self.bias.repeat(STRIDE).to(dtype), rectify=rectify)

    def forward(self, x: Float[Tensor, "B inputs time"]) -> Float[Tensor, "B outputs time_times_4"]:
        phases = F.conv1d(x, self.plain_weight(), padding=PLAIN_KERNEL // 2)  # (B, 4 o, T)
        batch, _, time = phases.shape
        y = phases.view(batch, -1, STRIDE, time).transpose(2, 3).reshape(batch, -1, STRIDE * time)
        return y + self.bias[:, None]


class Generator(nn.Module):
    """z in [-1, 1]^latent_size -> audio in (-1, 1), 16,384 samples (1.024 s at 16 kHz).

    `model_size` is the paper's d: 64 there, 32 here (section 3.1; notes/performance.md). With `timed` the latent
    lies along time, which is ours: latent_size / 16 numbers for each of the 16 steps that enter the first
    upsampling layer, side by side in z, and a convolution over the steps in place of the dense layer.
    Raises ValueError for a timed latent of another size than a multiple of 16.
    """

    def __init__(self, model_size: int = 32, latent_size: int = LATENT_SIZE, timed: bool = False) -> None:
        super().__init__()
        self.model_size, self.latent_size, self.timed = model_size, latent_size, timed
        widths = [model_size * factor for factor in (16, 8, 4, 2, 1)] + [1]
        if timed:
            if latent_size % SEED_FRAMES:
                raise ValueError(
                    f"a latent along time has a multiple of {SEED_FRAMES} numbers, got {latent_size}"
                )
            self.first = nn.Conv1d(
                latent_size // SEED_FRAMES, widths[0], TIMED_KERNEL, padding=TIMED_KERNEL // 2
            )
        else:
            self.dense = nn.Linear(latent_size, widths[0] * SEED_FRAMES)
        self.up = nn.ModuleList(UpConv(i, o) for i, o in zip(widths, widths[1:], strict=False))
        self._frozen: FrozenStack | None = None

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that build this network again; written to config.json."""
        return {"model_size": self.model_size, "latent_size": self.latent_size} | (
            {"timed": True} if self.timed else {}
        )

    def seed(self, z: Float[Tensor, "B latent"]) -> Float[Tensor, "B channels seed_frames"]:
        """What enters the first upsampling layer, before its rectifier."""
        if self.timed:
            steps: Tensor = self.first(z.view(len(z), SEED_FRAMES, -1).mT)
            return steps
        return self.dense(z).view(len(z), -1, SEED_FRAMES)

    def freeze(self, dtype: torch.dtype = torch.float32) -> Generator:
        """Ready for the search: evaluation mode, no weight gradients, kernels folded once.

        Later changes of the weights or of their device do not reach the folded kernels: load and move first.
        With `dtype` bfloat16 all layers but the first and the last compute in that; z and audio are float32.
        """
        self.eval().requires_grad_(False)
        start: nn.Linear | FixedConvolution
        if self.timed:
            assert self.first.bias is not None
            start = FixedConvolution(self.first.weight, self.first.bias, rectify=True)
        else:
            start = self.dense
        self._frozen = FrozenStack(start, [layer for layer in self.up if isinstance(layer, UpConv)], dtype)
        return self

    def frozen_copy(
        self, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
    ) -> Generator:
        """A copy of it on a device, ready for the search; itself it stays as it is."""
        copied = Generator(**self.config)
        copied.load_state_dict(self.state_dict())
        return copied.to(device).freeze(dtype)

    def forward(self, z: Float[Tensor, "B latent"]) -> Float[Tensor, "B samples"]:
        if self._frozen is not None:
            return self._frozen(z)
        x = self.seed(z)
        for layer in self.up:
            x = layer(F.relu(x))
        return torch.tanh(x).squeeze(1)


class FrozenStack:
    """A generator's layers with time before channels; differentiable with respect to z alone, and once."""

    def __init__(self, start: nn.Linear | FixedConvolution, up: Sequence[UpConv], dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.timed = start if isinstance(start, FixedConvolution) else None
        if isinstance(start, nn.Linear):  # its rows are channel-major, here the frames come first
            self.weight, self.bias = (
                x.detach().unflatten(0, (-1, SEED_FRAMES)).transpose(0, 1).flatten(0, 1).contiguous()
                for x in (start.weight, start.bias)
            )
        self.middle = [layer.fixed(dtype, rectify=True) for layer in up[:-1]]
        self.last = up[-1].fixed(
            torch.float32, rectify=False
        )  # rounded audio would be noise between its lines

    def __call__(self, z: Float[Tensor, "B latent"]) -> Float[Tensor, "B samples"]:
        if self.timed is not None:
            x = self.timed(z.view(len(z), SEED_FRAMES, -1)).to(self.dtype)
        else:
            x = F.relu(F.linear(z, self.weight, self.bias)).to(self.dtype).view(len(z), SEED_FRAMES, -1)
        for layer in self.middle:
            phases = layer(x)  # (B, T, 4 o)
            x = phases.view(len(z), STRIDE * phases.shape[1], -1)
        return torch.tanh(self.last(x.float()).flatten(1))


def phase_shuffle(
    x: Float[Tensor, "B channels time"], radius: int, generator: torch.Generator | None = None
) -> Float[Tensor, "B channels time"]:
    """Shift each example by its own random offset in -radius..radius, filling by reflection.

    WaveGAN section 3.3: keeps the critic from telling fakes by the phase of upsampling artefacts.
    """
    if radius == 0:
        return x
    batch, _, time = x.shape
    offset = torch.randint(-radius, radius + 1, (batch, 1), generator=generator).to(x.device)
    index = torch.arange(time, device=x.device)[None, :] + offset + radius  # (B, T)
    padded = F.pad(x, (radius, radius), mode="reflect")
    return padded.gather(2, index[:, None, :].expand(-1, x.shape[1], -1))


class Critic(nn.Module):
    """Audio (B, 16384) -> score (B,), unbounded: the WGAN critic has no sigmoid."""

    def __init__(self, model_size: int = 32, shuffle_radius: int = 2) -> None:
        super().__init__()
        self.model_size, self.shuffle_radius = model_size, shuffle_radius
        widths = [1] + [model_size * factor for factor in (1, 2, 4, 8, 16)]
        self.down = nn.ModuleList(
            nn.Conv1d(i, o, KERNEL, STRIDE, padding=11) for i, o in zip(widths, widths[1:], strict=False)
        )
        self.dense = nn.Linear(widths[-1] * SEED_FRAMES, 1)

    def forward(
        self, audio: Float[Tensor, "B samples"], generator: torch.Generator | None = None
    ) -> Float[Tensor, " B"]:
        x = audio.unsqueeze(1)
        for number, layer in enumerate(self.down, start=1):
            # padding 11 + one more on the right keeps the length at a quarter, as TensorFlow's SAME
            x = F.leaky_relu(layer(F.pad(x, (0, 1))), 0.2)
            if number < LAYERS:
                x = phase_shuffle(x, self.shuffle_radius, generator)
        return self.dense(x.flatten(1)).squeeze(1)
