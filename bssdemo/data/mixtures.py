"""Mixtures as the 2020 paper draws them (section 4, "Setup").

For every mixture and source one clip of the held-out recordings, uniformly over clips and with
replacement from one mixture to the next; each clip is peak-normalised, and the mixture is the plain
sum, not renormalised (its peak may reach K). The paper draws clips, not classes, so the ten digits
occur as often as in the test recordings, not equally often.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.data.clips import SHARED_NAMES, Split, is_there, load_clips, peak_normalised

GAINS = 1  # keeps the stream of the gains apart from the one of the clips


class MixtureError(ValueError):
    """The mixtures cannot be drawn; the message says what is missing."""


def draw(
    data: Path,
    sources: Sequence[str],
    count: int,
    seed: int,
    split: Split = "test",
    gain_range: float = 0.0,
    sets: Mapping[str, str] | None = None,
) -> tuple[Float[Tensor, "M samples"], Float[Tensor, "M K samples"]]:
    """`count` mixtures (M, 16384) and their true sources (M, K, 16384), the mixture being their exact sum.

    Depends on (seed, source names, recordings) only: the first mixtures of a longer draw are those of a
    shorter one, and a source gets the same clips whatever it is mixed with. Two stems of one kind never
    hold the same clip. Every source is scaled by a gain of its own, uniform in -`gain_range` to `gain_range`
    decibels (0: none, as in the paper); the true sources are the scaled ones. `sets`: source -> the recordings it is
    drawn from, where they are not those of its own name.
    Raises MixtureError when the recordings are not there or too few, DataError when they cannot be read.
    """
    if count < 1:
        raise MixtureError(f"the number of mixtures must be at least 1, got {count}")
    if not data.is_dir():
        raise MixtureError(f"no such data folder: {data}")
    clips = {
        name: _draw_kind(data, (sets or {}).get(name, name), copies, count, seed, split)
        * _gains(name, copies, count, seed, gain_range)
        for name, copies in Counter(sources).items()
    }
    taken = Counter[str]()
    columns = []
    for source in sources:
        columns.append(clips[source][:, taken[source]])
        taken[source] += 1
    refs = torch.stack(columns, dim=1)
    return refs.sum(1), refs


def fingerprint(refs: Float[Tensor, "M K samples"]) -> str:
    """A short digest of the first mixture's sources, which is the same for draws of any length."""
    return hashlib.sha256(refs[0].contiguous().numpy().tobytes()).hexdigest()[:12]


def _draw_kind(
    data: Path, name: str, copies: int, count: int, seed: int, split: Split
) -> Float[Tensor, "M copies samples"]:
    """Clips of one kind, `copies` different ones for every mixture, from a random stream of its own."""
    if not is_there(data, name):
        shared = SHARED_NAMES.get(name, name)
        raise MixtureError(
            f"no recordings of '{name}' in {data}: expected {shared}.flac with {shared}.csv, or a folder {name}"
        )
    audio = load_clips(data, name, split).audio
    if len(audio) < copies:
        raise MixtureError(
            f"'{name}' has {len(audio)} {split} clips in {data}, fewer than the {copies} stems"
        )
    stream = np.random.default_rng([seed, zlib.crc32(name.encode())])
    rows = np.stack([stream.choice(len(audio), copies, replace=False) for _ in range(count)])
    return torch.from_numpy(peak_normalised(audio[rows]))


def _gains(name: str, copies: int, count: int, seed: int, decibels: float) -> Float[Tensor, "M copies 1"]:
    """Factors uniform in decibels, from a random stream of their own: they leave the choice of clips alone."""
    stream = np.random.default_rng([seed, zlib.crc32(name.encode()), GAINS])
    levels = stream.uniform(-decibels, decibels, (count, copies, 1))
    return torch.from_numpy(10 ** (levels / 20)).float()
