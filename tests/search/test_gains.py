"""Gains of the sources: least squares finds those of known sounds, the search those of searched ones."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from jaxtyping import Float
from scipy.optimize import nnls
from torch import Tensor

from bssdemo.audio.stft import magnitude
from bssdemo.models import LatentEncoder
from bssdemo.search.gains import first_log_gains
from bssdemo.search.latents import generate
from bssdemo.search.objective.gradients import STFT
from bssdemo.search.pgd import PRESETS, separate

SAMPLES = 16_384
ESTIMATED = replace(PRESETS["balanced"], starts=1, start="zeros", gain="estimated", leash=0.0, explore=None)


def tones() -> torch.Tensor:
    """Three sounds that share no bin: (1, 3, 16384)."""
    seconds = torch.arange(SAMPLES) / 16_000
    return torch.stack([torch.sin(2 * torch.pi * f * seconds) for f in (500.0, 2000.0, 5000.0)])[None]


@pytest.mark.parametrize("decibels", [(0.0, 0.0, 0.0), (12.0, -12.0, 0.0), (-6.0, 3.0, 12.0)])
def test_gains_of_known_sounds_are_exact(decibels):
    gains = 10 ** (torch.tensor([decibels]) / 20)
    mix = (gains[..., None] * tones()).sum(1)
    torch.testing.assert_close(first_log_gains(mix, tones()).exp(), gains, rtol=1e-3, atol=0)


def test_the_solution_is_that_of_scipys_nnls_over_all_bins():
    draw = torch.Generator().manual_seed(0)
    sources = torch.rand(2, 3, SAMPLES, generator=draw) * torch.rand(2, 3, SAMPLES, generator=draw)
    mix = torch.rand(2, SAMPLES, generator=draw)
    ours = first_log_gains(mix, sources).exp()
    for row in range(2):
        columns = magnitude(sources[row], STFT).flatten(1).double().numpy().T
        expected, _ = nnls(columns, magnitude(mix[row], STFT).flatten().double().numpy())
        limited = np.clip(expected, 10 ** (-18 / 20), 10 ** (18 / 20))
        np.testing.assert_allclose(ours[row].numpy(), limited, rtol=1e-4)


def test_a_source_that_is_not_there_is_quiet_but_not_gone():
    log_gains = first_log_gains(tones()[:, 0], tones())
    decibels = log_gains[0] * 20 / math.log(10)
    torch.testing.assert_close(decibels, torch.tensor([0.0, -18, -18]), rtol=0, atol=1e-3)


def test_silence_has_finite_gains():
    for mix, sources in ((torch.zeros(1, SAMPLES), tones()), (tones()[:, 0], torch.zeros(1, 2, SAMPLES))):
        assert torch.isfinite(first_log_gains(mix, sources)).all()


class Knowing(LatentEncoder):
    """Answers with one latent, whatever the mixture."""

    def __init__(self, z: Tensor) -> None:
        super().__init__(width=2, latent_size=len(z))
        self.z = z

    def forward(self, audio: Float[Tensor, "B samples"]) -> Float[Tensor, "B latent"]:
        return self.z.expand(len(audio), -1)


@pytest.mark.parametrize("decibels", [12.0, -12.0])
def test_a_source_scaled_by_12_db_is_found_back(priors, decibels):
    """In a mixture that the generators made themselves, from encoders that know the latents."""
    z = 1.4 * torch.rand(15, generator=torch.Generator().manual_seed(4)) - 0.7
    gains = torch.tensor([10 ** (decibels / 20), 1.0])
    mix = (gains[:, None] * generate(z[None], priors[:2], False)[0]).sum(0)
    config = replace(ESTIMATED, start="encoder", leash=0.1, steps=60)
    *_, last = separate(mix, priors[:2], config, encoders=[Knowing(part) for part in z.split([6, 9])])
    assert last.gains is not None
    error = 20 * torch.log10(last.gains / gains)
    assert error[0].abs() < 3.0


def test_estimates_hold_their_gains(priors, planted):
    for snapshot in separate(planted, priors[:2], replace(ESTIMATED, steps=3)):
        assert snapshot.gains is not None
        assert snapshot.gains.shape == (3, 2)
        assert not snapshot.gains.requires_grad
    first = next(separate(planted, priors[:2], ESTIMATED))
    assert first.gains is not None
    plain = generate(torch.zeros(3, 15), priors[:2], False)
    torch.testing.assert_close(first.estimates, first.gains[..., None] * plain)


def test_fixed_gains_are_one(priors, planted):
    *_, last = separate(planted[0], priors[:2], replace(ESTIMATED, gain="fixed", steps=2))
    assert last.gains is not None
    assert torch.equal(last.gains, torch.ones(2))


def test_the_papers_presets_know_neither_gains_nor_encoders():
    for name in ("paper", "reference"):
        preset = PRESETS[name]
        assert (preset.start, preset.gain, preset.leash) == ("zeros", "fixed", 0.0)
