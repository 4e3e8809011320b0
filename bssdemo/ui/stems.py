"""From a search's estimates to what a visitor keeps: refined stems and a residual, beside the raw ones."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from torch import Tensor

from bssdemo.search.native import apply_to_channels
from bssdemo.search.refine import DEFAULT, apply, masks
from bssdemo.ui import picture
from bssdemo.ui.frame import Kind, decode, encode
from bssdemo.ui.job import Job


@dataclass(frozen=True)
class Stems:
    """What a run found, at the recording's level.

    `raw`, `refined` and `residual` are mono at 16 kHz, the refined ones and the residual adding up to the
    mixture. `channels` are the refined ones and, last, the residual as the recording is: all its
    channels at its own rate; they add up to it.
    """

    raw: Float[Tensor, "K samples"]
    refined: Float[Tensor, "K samples"]
    residual: Float[Tensor, " samples"]
    channels: Float[Tensor, "K_plus_1 channels native"]
    seconds: float  # that the refinement took


def refined(job: Job, raw: Float[Tensor, "K samples"]) -> Stems:
    """Share the recording out as the estimates `raw` say."""
    began = time.perf_counter()
    shares, stft = masks(job.mono, raw), DEFAULT.stft
    parts = apply(shares, job.mono, stft)
    channels = apply_to_channels(shares, stft, job.recording.samples, job.recording.sample_rate)
    return Stems(raw, parts[:-1], parts[-1], channels, time.perf_counter() - began)


def last_frames(frame: str, job: Job, stems: Stems) -> dict[Kind, str]:
    """A run's last frame with the residual in it, once for either kind of stem."""
    told = decode(frame)
    reference = picture.reference(job.mono)
    mixture, rest = told.spectrograms[:1], picture.levels(stems.residual[None], reference)
    shown: dict[Kind, Float[Tensor, "K samples"]] = {"refined": stems.refined, "raw": stems.raw}
    return {
        kind: encode(
            replace(
                told,
                spectrograms=np.concatenate([mixture, picture.with_sum(sounds, reference), rest]),
                stems=kind,
                residual=True,
            )
        )
        for kind, sounds in shown.items()
    }
