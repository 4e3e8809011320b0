"""Deep Audio Prior: untrained networks fitted to the one mixture (Tian, Xu, Li 2019, arXiv 1912.10292).

    |X| ~ sum_k M_k S_k,   S_k = sound network k (noise),   M_k = mask network k (noise)     both in (0, 1)

Written from the paper's idea alone; its public code is for non-commercial use and was not looked at. Magnitudes are
scaled to a peak of 1, and compressed by a square root wherever they are compared: y = |X|^(1/2), y_k = (M_k S_k)^(1/2).
With <.> the mean over the spectrogram, four terms are minimised together by Adam:

    reconstruction   < |y - (sum_k M_k S_k)^(1/2)| > / <y>
    exclusion        mean over pairs i < j and three poolings of < Psi(y_i, y_j)^2 >^(1/2), where
                     Psi(x, y) = tanh(l |grad x| / g) tanh(|grad y| / (l g)),   l^2 = ||grad y|| / ||grad x||
                     (Zhang, Ng, Chen 2018), g the mixture's own: two sources do not change at the same place
    binary           mean over k of < y 4 M_k (1 - M_k) > / <y>: where there is sound a mask is near 0 or 1
    empty            mean over k of max(0, 1 - <y M_k> / (share <y>)): no source gets nothing

Each network's noise is fixed and drifts from frame to frame (a stationary random walk), so that what is made of it is
continuous in time. Weights of the terms, sizes and steps are ours: what a second of sound can wait for on one core.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from bssdemo.baselines.spectra import analyse
from bssdemo.models.dap import NoiseDecoder, noise_size
from bssdemo.models.initial import drawn
from bssdemo.search.objective import gradients
from bssdemo.snapshot import Snapshot

EPS = 1e-6  # added before a square root; magnitudes are at most 1
SILENCE = 1e-12  # the peak of a spectrogram
TERMS = ("reconstruction", "exclusion", "binary", "empty")


@dataclass(frozen=True)
class DapConfig:
    """All ours but the idea; the paper fits for thousands of steps on a GPU."""

    steps: int = 250
    learning_rate: float = 0.01  # of deep image prior (Ulyanov et al. 2018)
    channels: int = 16  # of the noise
    memory: float = 0.9  # correlation of the noise from one cell (8 frames, 64 ms) to the next
    share: float = 0.2  # of the mixture that a mask must hold at least
    reconstruction: float = 1.0
    exclusion: float = 0.5
    binary: float = 0.05
    empty: float = 0.1


def separate(
    mix: Float[Tensor, "*batch samples"],
    sources: int,
    *,
    seed: int = 0,
    stop: Callable[[], bool] | None = None,
    config: DapConfig = DapConfig(),
) -> Iterator[Snapshot]:
    """A snapshot after every step; the mixtures of a batch are fitted one after the other, from the same seed.

    Once `stop()` is true the current state is the answer. Mixtures not reached are shared out equally.
    """
    began = time.perf_counter()
    *batch, samples = mix.shape
    mixes = mix.detach().cpu().reshape(-1, samples)
    estimates = mixes[:, None].repeat(1, sources, 1) / sources
    terms = {name: mixes.new_zeros(len(mixes)) for name in (*TERMS, "total")}
    steps = len(mixes) * config.steps
    for row, one in enumerate(mixes):
        for step, (values, parts) in enumerate(_fit(one, sources, config, seed), row * config.steps + 1):
            estimates[row] = parts
            for name, value in values.items():
                terms[name][row] = value
            shown = {name: value.clone().reshape(batch) for name, value in terms.items()}
            done = step == steps or (stop is not None and stop())
            yield Snapshot(
                step,
                steps,
                {name: shown[name] for name in TERMS},
                shown["total"],
                estimates.clone().reshape(*batch, sources, samples),
                time.perf_counter() - began,
                done,
            )
            if done:
                return


def _fit(
    mix: Float[Tensor, " samples"], sources: int, config: DapConfig, seed: int
) -> Iterator[tuple[dict[str, float], Float[Tensor, "K samples"]]]:
    """Terms, their weighted total, and the estimates they are of, at every step; silence is not fitted."""
    spectrum = analyse(mix)
    magnitude = spectrum.magnitude
    level = magnitude.max()
    if level < SILENCE:
        for _ in range(config.steps):
            yield {}, mix.new_zeros(sources, len(mix))
        return
    target = (magnitude / level + EPS).sqrt()
    model = _Networks(sources, target.shape[0], target.shape[1], config, seed).to(mix)
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    for _ in range(config.steps):
        with torch.enable_grad():
            masks, sounds = model()
            terms = measure(target, masks, sounds, config)
            total = torch.stack([getattr(config, name) * value for name, value in terms.items()]).sum()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        values = {name: value.item() for name, value in terms.items()}
        yield {**values, "total": total.item()}, spectrum.audio((masks * sounds).detach() * level)


def measure(
    target: Float[Tensor, "frames bins"],
    masks: Float[Tensor, "K frames bins"],
    sounds: Float[Tensor, "K frames bins"],
    config: DapConfig,
) -> dict[str, Float[Tensor, ""]]:
    """The four terms by name, unweighted; `target` is the root of the mixture's magnitude, its peak 1."""
    parts = masks * sounds
    loudness = target.mean() + EPS
    held = (target * masks).mean((-2, -1)) / loudness
    return {
        "reconstruction": (target - (parts.sum(0) + EPS).sqrt()).abs().mean() / loudness,
        "exclusion": exclusion(target, (parts + EPS).sqrt()),
        "binary": (target * 4 * masks * (1 - masks)).mean() / loudness,
        "empty": (1 - held / config.share).clamp_min(0).mean(),
    }


def exclusion(
    target: Float[Tensor, "frames bins"], parts: Float[Tensor, "K frames bins"]
) -> Float[Tensor, ""]:
    """How much every two parts change at the same place, as fast as the target does; 0 for one part alone."""
    first, second = gradients.pairs(len(parts))
    if not first:
        return parts.new_zeros(())
    levels = []
    for level in gradients.pyramid(torch.cat([parts, target[None]])[None]):
        gradient = gradients.gradient(level)[0]
        norm = (gradient.square().mean(-1, keepdim=True) + gradients.EPS).sqrt()
        gradient, norm = gradient[:-1] / norm[-1], norm[:-1]
        ratio = ((norm[second] + EPS) / (norm[first] + EPS)).sqrt()
        product = torch.tanh(ratio * gradient[first].abs()) * torch.tanh(gradient[second].abs() / ratio)
        levels.append((product.square().mean(-1) + gradients.EPS).sqrt().mean())
    return torch.stack(levels).mean()


class _Networks(nn.Module):
    """A mask network and a sound network per source, each with its own noise; all drawn from the seed."""

    noise: Tensor

    def __init__(self, sources: int, frames: int, bins: int, config: DapConfig, seed: int) -> None:
        super().__init__()
        self.frames, self.bins = frames, bins
        generator = torch.Generator().manual_seed(seed)
        self.networks = nn.ModuleList(
            drawn(lambda: NoiseDecoder(config.channels), generator) for _ in range(2 * sources)
        )
        size = (2 * sources, config.channels, *noise_size(frames, bins))
        self.register_buffer("noise", drifting(torch.randn(size, generator=generator), config.memory))

    def forward(self) -> tuple[Float[Tensor, "K frames bins"], Float[Tensor, "K frames bins"]]:
        drawn = [network(self.noise[k : k + 1]) for k, network in enumerate(self.networks)]
        masks, sounds = torch.cat(drawn)[:, : self.frames, : self.bins].chunk(2)
        return masks, sounds.square()  # the root of a sound, as it is compared, is the network's output


def drifting(noise: Float[Tensor, "nets channels t f"], memory: float) -> Float[Tensor, "nets channels t f"]:
    """White noise -> noise of the same variance whose correlation over d cells of time is memory^d."""
    cells = [noise[..., 0, :]]
    for fresh in noise.unbind(-2)[1:]:
        cells.append(memory * cells[-1] + (1 - memory**2) ** 0.5 * fresh)
    return torch.stack(cells, -2)
