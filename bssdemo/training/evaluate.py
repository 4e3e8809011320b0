"""How good a prior is while it trains: held-out inversion, and samples to look at and listen to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo import audio, plots
from bssdemo.audio.stft import Stft, power
from bssdemo.data.clips import Clips, peak_normalised
from bssdemo.metrics.audio import spectral_snr
from bssdemo.models import Generator, LatentEncoder
from bssdemo.search.pgd import PRESETS, separate

ENCODER_CLIPS = 64
SEARCH_CLIPS = 16
# A prior in training has no encoder and its level is known
INVERSION = replace(PRESETS["balanced"], start="zeros", gain="fixed", steps=100, starts=3, explore=30)
SHEET = Stft(frame=512, hop=128, center=True)


def spread(clips: Clips, count: int) -> Float[Tensor, "n samples"]:
    """Up to `count` clips evenly over the split, peak-normalised: the same at every call."""
    rows = torch.linspace(0, len(clips) - 1, min(count, len(clips))).round().long().tolist()
    return torch.from_numpy(peak_normalised(clips.audio[rows]))


def inversion_snr(generator: Generator, clips: Float[Tensor, "n samples"]) -> float:
    """Mean spectral SNR (dB) of single clips reproduced by a search from z = 0 and two random points, K = 1."""
    *_, last = separate(clips, [generator], INVERSION)
    return float(spectral_snr(clips, last.estimates[:, 0]).nanmean())


def encoder_snr(generator: Generator, encoder: LatentEncoder, clips: Float[Tensor, "n samples"]) -> float:
    """Mean spectral SNR (dB) of the autoencoder without noise or search."""
    with torch.no_grad():
        estimate = generator(encoder(clips).float())
    return float(spectral_snr(clips, estimate.float()).nanmean())


def held_out(generator: Generator, encoder: LatentEncoder, valid: Clips) -> dict[str, float]:
    """The two figures of the log, on clips of groups that are not trained on."""
    return {
        "valid_encoder_snr": encoder_snr(generator, encoder, spread(valid, ENCODER_CLIPS)),
        "valid_search_snr": inversion_snr(generator.frozen_copy(), spread(valid, SEARCH_CLIPS)),
    }


def write_samples(folder: Path, step: int, generator: Generator, seed: int) -> None:
    """Twelve samples G(z), z ~ U(-1, 1): a sheet of spectrograms and one wav, one after another."""
    folder.mkdir(parents=True, exist_ok=True)
    randomness = torch.Generator().manual_seed(seed)
    z = torch.rand(12, generator.latent_size, generator=randomness) * 2 - 1
    with torch.no_grad():
        samples = generator(z).float()
    decibels = 10 * torch.log10(power(samples, SHEET).transpose(1, 2) + 1e-6)
    plots.save(plots.sheet(decibels.numpy()), folder / f"step-{step:06d}.png")
    audio.write_wav(folder / f"step-{step:06d}.wav", samples.flatten())
