"""The transform against librosa and against sums worked out by hand."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from bssdemo.audio.stft import Stft, inverse, log_power, magnitude, power, transform

PAPER = Stft(256, 128)


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("stft", [PAPER, Stft(256, 128, center=True), Stft(1024, 256)])
def test_it_is_librosas_transform(stft):
    x = noise(16_384)
    padded = np.pad(x.numpy(), stft.frame // 2 if stft.center else 0, mode="reflect")
    expected = librosa.stft(padded, n_fft=stft.frame, hop_length=stft.hop, center=False)
    np.testing.assert_allclose(transform(x, stft).numpy(), expected.T, atol=1e-4)


def test_one_window_has_the_papers_size():
    assert transform(noise(16_384), PAPER).shape == (127, PAPER.bins) == (127, 129)


def test_a_sine_peaks_at_a_quarter_of_the_frame():
    amplitude, bin_number = 0.5, 20
    time = torch.arange(4096)
    x = amplitude * torch.sin(2 * torch.pi * bin_number / 256 * time)
    frames = magnitude(x, PAPER)
    torch.testing.assert_close(frames[:, bin_number], torch.full((31,), amplitude * 64), rtol=1e-3, atol=0)
    assert frames.argmax(1).eq(bin_number).all()


def test_it_is_linear():
    a, b = noise(2, 4096), noise(2, 2, 4096)[1]
    torch.testing.assert_close(transform(2 * a - b, PAPER), 2 * transform(a, PAPER) - transform(b, PAPER))


def test_leading_axes_are_independent():
    x = noise(2, 3, 4096)
    spectra = transform(x, PAPER)
    assert spectra.shape == (2, 3, 31, 129)
    torch.testing.assert_close(spectra[1, 2], transform(x[1, 2], PAPER))


def test_power_magnitude_and_log_power_agree():
    x = noise(4096)
    expected = transform(x, PAPER).abs()
    torch.testing.assert_close(magnitude(x, PAPER), expected, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(power(x, PAPER), expected.square(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(log_power(x, PAPER), torch.log1p(expected.square()), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "stft", [PAPER, Stft(256, 100), Stft(64, 100), Stft(256, 64, center=True), Stft(1024, 512)]
)
@pytest.mark.parametrize("samples", [4096, 4001])
def test_its_gradient_is_that_of_torchs_own(stft, samples):
    x = noise(2, samples).double().requires_grad_()
    ours = transform(x, stft)
    window = torch.hann_window(stft.frame, dtype=x.dtype)
    theirs = torch.stft(
        x, stft.frame, stft.hop, window=window, center=stft.center, pad_mode="reflect", return_complex=True
    ).mT
    torch.testing.assert_close(ours, theirs)
    upstream = torch.randn(ours.shape, dtype=ours.dtype, generator=torch.Generator().manual_seed(1))
    (slope,) = torch.autograd.grad(ours, x, upstream)
    (expected,) = torch.autograd.grad(theirs, x, upstream)
    torch.testing.assert_close(slope, expected)


def test_gradients_are_finite_on_silence():
    x = torch.zeros(4096, requires_grad=True)
    (magnitude(x, PAPER).sum() + log_power(x, PAPER).sum()).backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("samples", [16_384, 10_001])
def test_a_centred_transform_can_be_inverted(samples):
    stft = Stft(256, 128, center=True)
    x = noise(2, samples)
    torch.testing.assert_close(inverse(transform(x, stft), stft, samples), x, rtol=0, atol=1e-5)


def test_a_transform_without_padding_cannot():
    with pytest.raises(ValueError, match="center=True"):
        inverse(transform(noise(4096), PAPER), PAPER, 4096)


def test_power_passes_gradcheck():
    x = noise(2, 96).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: power(x, Stft(16, 8)), x)
