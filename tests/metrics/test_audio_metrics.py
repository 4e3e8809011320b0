"""Closed-form values, invariances, and mir_eval as the oracle."""

import math
import threading
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bssdemo.metrics.audio import METRICS, SIR_LIMIT, envelope_distance, si_sdr, sir, spectral_snr

N = 16_384


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def bursts(*starts: int) -> torch.Tensor:
    """Unit-energy bursts of noise, farther apart than 512 samples: orthogonal under every allowed delay."""
    x = torch.zeros(len(starts), N, dtype=torch.float64)
    for row, start in enumerate(starts):
        x[row, start : start + 2000] = noise(2000, seed=row)
    return x / x.norm(dim=-1, keepdim=True)


@given(gain=st.floats(0.01, 0.99))
@settings(max_examples=20, deadline=None)
def test_spectral_snr_of_a_scaled_copy_is_the_gain_error(gain: float) -> None:
    x = noise(N)
    assert spectral_snr(x, gain * x).item() == pytest.approx(-20 * math.log10(1 - gain), abs=1e-9)


def test_spectral_snr_of_half_the_reference_is_six_decibels() -> None:
    assert spectral_snr(noise(N), 0.5 * noise(N)).item() == pytest.approx(6.0206, abs=1e-4)


def test_spectral_snr_ignores_sign_and_scores_silence_zero() -> None:
    x = noise(N)
    assert spectral_snr(x, -x).item() == math.inf
    assert spectral_snr(x, torch.zeros(N)).item() == pytest.approx(0, abs=1e-12)


def test_spectral_snr_agrees_with_a_transform_written_out() -> None:
    """Reflected by half a frame, periodic Hann window, hop 128: 129 frames of 129 bins."""

    def magnitude(x: np.ndarray) -> np.ndarray:
        frames = np.lib.stride_tricks.sliding_window_view(np.pad(x, 128, mode="reflect"), 256)[::128]
        assert frames.shape == (129, 256)
        return np.abs(np.fft.rfft(frames * np.hanning(257)[:-1]))

    ref, est = noise(2, N)
    error = magnitude(ref.numpy()) - magnitude(est.numpy())
    expected = 10 * np.log10((magnitude(ref.numpy()) ** 2).sum() / (error**2).sum())
    assert spectral_snr(ref, est).item() == pytest.approx(expected, abs=1e-9)


def test_spectral_snr_agrees_with_librosa_to_the_thousandth() -> None:
    import librosa

    for ref, est in zip(noise(3, N, seed=7).numpy(), noise(3, N, seed=8).numpy(), strict=True):
        one, other = (
            np.abs(librosa.stft(x, n_fft=256, hop_length=128, window="hann", pad_mode="reflect"))
            for x in (ref, est)
        )
        expected = 10 * np.log10((one**2).sum() / ((one - other) ** 2).sum())
        got = spectral_snr(torch.from_numpy(ref), torch.from_numpy(est)).item()
        assert got == pytest.approx(expected, abs=1e-3)


def test_envelope_of_a_sine_is_its_amplitude() -> None:
    """A whole number of periods has a constant envelope, so the distance is the amplitudes' difference."""
    sine = torch.sin(2 * torch.pi * 440 * torch.arange(N, dtype=torch.float64) / N)
    assert envelope_distance(sine, 0.3 * sine).item() == pytest.approx(0.7, abs=1e-9)
    cosine = torch.cos(2 * torch.pi * 100 * torch.arange(N, dtype=torch.float64) / N)
    assert envelope_distance(sine, cosine).item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("leak", [0.01, 0.1, 1.0, 3.0])
def test_sir_of_orthogonal_sources_is_the_leak(leak: float) -> None:
    refs = bursts(1000, 6000, 11_000)
    got = sir(refs, refs + leak * refs.roll(1, 0))
    torch.testing.assert_close(
        got, torch.full((3,), -20 * math.log10(leak), dtype=torch.float64), atol=1e-4, rtol=0
    )


def test_sir_forgives_noise_scale_and_short_delays_but_not_the_other_source() -> None:
    refs = bursts(1000, 9000)
    unrelated = bursts(1000, 6000, 14_000)[2]
    clean = sir(refs, 0.1 * refs.roll(300, -1) + unrelated)
    assert ((clean > 60) & (clean <= SIR_LIMIT)).all()
    assert (sir(refs, refs.flip(0)) < -60).all()


def sir_of_mir_eval(refs: torch.Tensor, ests: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of one mixture, by the 'sources' and by the 'images' variant."""
    from mir_eval import separation

    arrays = refs.numpy(), ests.numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mir_eval announces the module's removal
        as_sources = separation.bss_eval_sources(*arrays, compute_permutation=False)[1]
        as_images = separation.bss_eval_images(*arrays, compute_permutation=False)[2]
    return torch.from_numpy(as_sources), torch.from_numpy(as_images)


@pytest.mark.parametrize("sources", [2, 3])
def test_sir_agrees_with_mir_eval(sources: int) -> None:
    """To 1e-3 dB on random signals; museval's formula is the same."""
    refs = noise(2, sources, N, seed=1)
    ests = refs + 0.3 * refs.roll(1, 1) + 0.5 * noise(2, sources, N, seed=2)
    for got, ref, est in zip(sir(refs, ests), refs, ests, strict=True):
        for expected in sir_of_mir_eval(ref, est):
            torch.testing.assert_close(got, expected, atol=1e-3, rtol=0)


def test_sir_agrees_with_mir_eval_on_band_limited_signals_of_float32() -> None:
    """Nothing above 4 kHz, silence after half the clip: as the digits are, with a nearly singular Gram matrix."""
    spectrum = torch.fft.rfft(noise(2, N, seed=3))
    spectrum[:, N // 4 :] = 0
    refs = torch.fft.irfft(spectrum, N)
    refs[0, N // 2 :] = 0
    refs = (refs / refs.abs().amax(-1, keepdim=True)).float()
    mixture_itself = refs.sum(0).expand(2, -1)
    for expected in sir_of_mir_eval(refs.double(), mixture_itself.double()):
        torch.testing.assert_close(sir(refs, mixture_itself), expected, atol=1e-3, rtol=0)


def test_sir_of_identical_references_does_not_crash() -> None:
    x = bursts(1000).expand(2, N)
    assert not sir(x, x).isnan().any()


@given(gain=st.floats(0.01, 100), level=st.floats(0.1, 2))
@settings(max_examples=20, deadline=None)
def test_si_sdr_ignores_scale_and_measures_orthogonal_noise(gain: float, level: float) -> None:
    ref, other = bursts(1000, 6000)
    est = ref + level * other
    expected = pytest.approx(-20 * math.log10(level), abs=1e-6)
    assert si_sdr(ref, gain * est).item() == expected
    assert si_sdr(gain * ref, est).item() == expected


@pytest.mark.parametrize("mean", [0.0, 0.5])
def test_si_sdr_agrees_with_fast_bss_eval(mean: float) -> None:
    """On signals with a mean too: neither takes it away."""
    import fast_bss_eval

    refs = noise(4, 2, N, seed=1) + mean
    ests = 0.6 * refs + 0.3 * refs.roll(1, 1) + noise(4, 2, N, seed=2)
    expected = fast_bss_eval.si_sdr(
        refs, ests, zero_mean=False
    )  # it solves the permutation, here the identity
    torch.testing.assert_close(si_sdr(refs, ests), expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", METRICS)
def test_values_do_not_depend_on_the_batch(name: str) -> None:
    metric = METRICS[name]
    refs, ests = noise(2, 3, 2, N, seed=3).float(), noise(2, 3, 2, N, seed=4).float()
    together = metric(refs, ests)
    assert together.shape == (2, 3, 2)
    apart = torch.stack([metric(r, e) for r, e in zip(refs.flatten(0, 1), ests.flatten(0, 1), strict=True)])
    torch.testing.assert_close(together, apart.reshape(2, 3, 2))


@pytest.mark.parametrize("name", METRICS)
def test_silent_references_score_nan_and_spare_the_rest_of_the_batch(name: str) -> None:
    metric = METRICS[name]
    refs, ests = noise(3, 2, N, seed=5), noise(3, 2, N, seed=6)
    refs[1, 0] = 0
    got, whole_mixture = metric(refs, ests).isnan(), name == "sir"
    assert got.tolist() == [[False, False], [True, whole_mixture], [False, False]]


def test_silent_and_broken_estimates_score_without_an_error() -> None:
    refs, ests = noise(2, N, seed=5), noise(2, N, seed=6)
    ests[0] = 0
    assert sir(refs, ests).isnan().tolist() == [True, False]
    assert si_sdr(refs, ests).isnan().tolist() == [True, False]
    ests[0, 7] = math.nan
    for metric in METRICS.values():
        assert metric(refs, ests).isnan().tolist() == [True, False]


def test_one_source_has_no_interference() -> None:
    assert sir(noise(2, 1, N), noise(2, 1, N)).isnan().all()


@pytest.mark.parametrize("metric", METRICS.values())
def test_shapes_must_match(metric) -> None:
    with pytest.raises((ValueError, TypeError)):  # TypeError when jaxtyping checks shapes first
        metric(noise(2, N), noise(2, N - 1))


def test_scoring_never_changes_the_number_of_torchs_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one number for the process: a search in another thread would see it change."""
    changes, seen, scored = [], set(), threading.Event()
    monkeypatch.setattr(torch, "set_num_threads", changes.append)

    def watch() -> None:
        while not scored.is_set():
            seen.add(torch.get_num_threads())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for metric in METRICS.values():
        metric(noise(2, N), noise(2, N, seed=1))
    scored.set()
    watcher.join()
    assert not changes
    assert seen == {torch.get_num_threads()}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("sources", [2, 3])
def test_sir_is_fast_bss_evals_to_a_millionth_on_any_number_of_threads(threads: int, sources: int) -> None:
    from fast_bss_eval.torch import bss_eval_sources

    refs = noise(sources, N, seed=1)
    ests = refs + 0.3 * refs.roll(1, 0) + 0.5 * noise(sources, N, seed=2)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)  # with two the oracle may break off
        expected = bss_eval_sources(refs, ests, compute_permutation=False, clamp_db=SIR_LIMIT)[1]
        torch.set_num_threads(threads)
        torch.testing.assert_close(sir(refs, ests), expected, atol=1e-6, rtol=0)
    finally:
        torch.set_num_threads(before)
