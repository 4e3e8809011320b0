"""Each form's own formula, against a slow transcription or a value known in closed form."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from bssdemo.audio.stft import Stft, magnitude
from bssdemo.search.objective import balanced, paper, prepare, reference, terms

STFT = Stft(256, 128)


@pytest.fixture
def mix(noise: torch.Generator) -> Tensor:
    return 0.1 * torch.randn(1, 16_384, generator=noise)


@pytest.fixture
def clips(noise: torch.Generator) -> Tensor:
    ramp = torch.linspace(0.1, 2, 16_384)
    return 0.1 * torch.randn(1, 2, 16_384, generator=noise) * torch.stack([ramp, ramp.flip(0)])


def pool(x: Tensor) -> Tensor:
    return F.avg_pool2d(x[:, None], 2, 2, ceil_mode=True)[:, 0]


def differences(x: Tensor) -> list[Tensor]:
    return [x.diff(dim=1).abs(), x.diff(dim=2).abs()]


def log_spectrograms(x: Tensor) -> list[Tensor]:
    """Equation 2's log(1 + |STFT_l|^2), l = 1..3."""
    first = magnitude(x, STFT)
    return [torch.log1p(m**2) for m in (first, pool(first), pool(pool(first)))]


def psi_norm(x: Tensor, y: Tensor) -> float:
    """||Psi(x, y)||_F of equation 3, word for word."""
    gx = torch.cat([d.flatten() for d in differences(x)])
    gy = torch.cat([d.flatten() for d in differences(y)])
    first = math.sqrt(gy.norm() / gx.norm())
    second = math.sqrt(gx.norm() / gy.norm())
    return (torch.tanh(first * gx) * torch.tanh(second * gy)).norm().item()


def test_paper_is_equations_2_to_5(mix, clips):
    values = terms(prepare(mix, "paper"), clips)
    m, explained = log_spectrograms(mix), log_spectrograms(clips.sum(1))
    one, other = log_spectrograms(clips[:, 0]), log_spectrograms(clips[:, 1])
    ratio = torch.log1p(magnitude(mix, STFT)) / torch.log1p(magnitude(clips.sum(1), STFT))
    expected = {
        "spectral": sum((a - b).abs().sum().item() for a, b in zip(m, explained, strict=True)),
        "dissociation": sum(psi_norm(a, b) for a, b in zip(one, other, strict=True)),
        "coherence": -sum(psi_norm(a, b) for a, b in zip(m, explained, strict=True)),
        "frequency": ratio.sum().item(),
    }
    for name, value in expected.items():
        assert values[name].item() == pytest.approx(value, rel=0.02 if name == "frequency" else 1e-3)


def test_paper_psi_of_equal_gradients_is_tanh_squared():
    slopes = torch.tensor([[0.0, 1.0, -2.0]])
    norm, square = paper._psi_norms(slopes, torch.stack([slopes, slopes], 1))
    expected = torch.tanh(slopes).square().square()
    torch.testing.assert_close(square[0, 0], expected[0])
    torch.testing.assert_close(norm[0, 0], expected.sum().sqrt())


def test_paper_psi_balances_the_two_gradients():
    """l1 x and l2 y have the same norm, so a factor c on x and 1/c on y changes nothing."""
    x, y = torch.tensor([[0.5, 1.0, -2.0]]), torch.tensor([[1.0, 0.1, 0.3]])
    norm, _ = paper._psi_norms(x, torch.stack([y, y], 1))
    scaled, _ = paper._psi_norms(4 * x, torch.stack([y, y / 4], 1))
    torch.testing.assert_close(norm, scaled)


def test_paper_frequency_term_falls_as_the_estimate_grows_louder(mix):
    target = prepare(mix, "paper")
    assert terms(target, 2 * mix[:, None])["frequency"] < terms(target, mix[:, None])["frequency"]


def test_reference_spectral_term_pools_the_log_spectrogram(mix, clips):
    def levels(x: Tensor) -> list[Tensor]:
        first = torch.log1p(magnitude(x, STFT) ** 2)
        return [first, pool(first), pool(pool(first))]

    pairs = zip(levels(mix), levels(clips.sum(1)), strict=True)
    expected = sum((a - b).abs().sum().item() for a, b in pairs)
    value = terms(prepare(mix, "reference"), clips)["spectral"].item()
    assert value == pytest.approx(expected, rel=1e-3)


def test_reference_gradient_term_in_closed_form():
    """Constant gradients g1 = a, g2 = b: alpha b = 2 a, so the value is (tanh(a/2) tanh(a))^(1/2) / 6."""
    a, b = 0.8, 0.3
    rows = torch.stack([torch.full((1, 5), a), torch.full((1, 5), b), torch.full((1, 5), b)], 1)
    value, _ = reference._direction(torch.full((1, 5), a), rows)
    expected = math.sqrt(math.tanh(a / 2) * math.tanh(a)) / 6
    torch.testing.assert_close(value, torch.full((1, 2), expected), rtol=1e-4, atol=0)


def test_reference_frequency_term_is_the_ratio_of_sums_per_frame(mix, clips):
    above = torch.log1p(magnitude(mix, STFT)).sum(2)
    below = torch.log1p(magnitude(clips.sum(1), STFT)).sum(2)
    value = terms(prepare(mix, "reference"), clips)["frequency"]
    torch.testing.assert_close(value, (above / below).sum(1), rtol=1e-3, atol=0)


def test_balanced_terms_of_the_mixture_split_in_equal_halves(mix):
    """m_hat = m from two equal halves: nothing to explain, full coherence, full similarity."""
    values = terms(prepare(mix, "balanced"), torch.stack([mix / 2, mix / 2], 1))
    expected = {"spectral": 0.0, "dissociation": 1.0, "coherence": -1.0, "frequency": 0.0}
    for name, value in expected.items():
        assert values[name].item() == pytest.approx(value * balanced.SCALES[name], abs=1e-4)


def test_balanced_gradients_that_never_meet_are_dissociated(mix):
    first, second = torch.zeros_like(mix), torch.zeros_like(mix)
    first[:, 1000:6000], second[:, 9000:15_000] = mix[:, 1000:6000], mix[:, 9000:15_000]
    values = terms(prepare(mix, "balanced"), torch.stack([first, second], 1))
    assert values["dissociation"].item() < 0.05 * balanced.SCALES["dissociation"]


def test_balanced_frequency_term_is_least_at_the_mixtures_level(mix):
    target = prepare(mix, "balanced")
    values = {gain: terms(target, gain * mix[:, None])["frequency"].item() for gain in (0.5, 1.0, 2.0)}
    assert values[1.0] < min(values[0.5], values[2.0])


def test_balanced_energy_distance_to_silence_is_one_per_fft_size(mix):
    """sum (A - 0)^2 / sum A^2 = 1; what is left is the log part."""
    target = prepare(mix, "balanced").mixture
    silent = torch.zeros_like(mix)[:, None]
    log_part = sum(
        (log_a - torch.log(c + 1e-4)).mean().item()
        for log_a, c in zip(target.logs, target.floors, strict=True)
    )
    value = terms(prepare(mix, "balanced"), silent)["spectral"].item()
    sizes = len(target.logs)
    assert value == pytest.approx(balanced.SCALES["spectral"] * (1 + log_part / sizes), rel=0.01)
