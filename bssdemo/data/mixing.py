"""Mixtures to train an encoder on: a clip of its own kind among clips of other kinds at random gains.

As with single clips (augment.py), every batch is a function of (seed, step).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bssdemo.data.augment import RECIPES, Augmentation, draw_batch
from bssdemo.data.clips import Clips

STREAMS = 1_000_003  # keeps the seeds of a batch's parts apart


@dataclass(frozen=True)
class Mixing:
    """What is added to a clip, each kind by its own coin."""

    presence: float = 0.6  # probability of a clip of each other kind
    gain_db: float = 7.0  # standard deviation of its gain relative to the own clip, in dB of the peak
    twin: float = 0.15  # probability of a second clip of the own kind
    twin_db: tuple[float, float] = (-15.0, -3.0)  # its gain: lower, so that the louder one is meant


def draw_mixtures(
    clips: Mapping[str, Clips], own: str, size: int, mixing: Mixing, seed: int, step: int
) -> tuple[np.ndarray, np.ndarray]:
    """float32 (mixtures, targets), both (size, 16384); the targets are peak-normalised clips of `own`."""
    rng = np.random.default_rng([seed, step, 1])
    targets = draw_batch(clips[own], size, recipe(own), seed, step)
    mixtures = targets.copy()
    for stream, kind in enumerate((own, *(name for name in clips if name != own)), start=1):
        if kind == own:
            rows = np.flatnonzero(rng.random(size) < mixing.twin)
            decibels = rng.uniform(*mixing.twin_db, len(rows))
        else:
            rows = np.flatnonzero(rng.random(size) < mixing.presence)
            decibels = rng.normal(0.0, mixing.gain_db, len(rows))
        if len(rows):
            added = draw_batch(clips[kind], len(rows), recipe(kind), seed + STREAMS * stream, step)
            mixtures[rows] += added * (10 ** (decibels / 20)).astype(np.float32)[:, None]
    return mixtures, targets


def recipe(name: str) -> Augmentation:
    """How clips of a kind are varied."""
    return RECIPES.get(name, Augmentation())
