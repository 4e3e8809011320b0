"""Recordings of two sounds unmixed by a network trained on mixtures of them, seen in bands (audio/bands.py)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio import SAMPLES, bands, windows
from bssdemo.snapshot import Snapshot
from bssdemo.unmix.cycle import Mask, unmix_all


@torch.no_grad()
def separate(mix: Float[Tensor, "B samples"], network: Mask) -> Iterator[Snapshot]:
    """The two sources of recordings of any length, window by window; one snapshot. The stems add up to `mix`.

    `mix` is a sum of two sounds of peak 1 (16 kHz), the level that the network was trained at.
    """
    began = time.perf_counter()
    layouts = [windows.lay_out(one, SAMPLES) for one in mix]
    cut = [windows.cut(one, layout) for one, layout in zip(mix, layouts, strict=True)]
    pieces = torch.cat(cut)
    stems = bands.apply(unmix_all(bands.magnitudes(pieces), network).mask, pieces).split(
        [len(one) for one in cut]
    )
    joined = [windows.join(s.transpose(0, 1), layout) for s, layout in zip(stems, layouts, strict=True)]
    elapsed = time.perf_counter() - began
    yield Snapshot(1, 1, {}, mix.new_zeros(len(mix)), torch.stack(joined), elapsed, done=True)
