"""One channel of many in which nothing is lost; what cannot be heard, and a subwoofer's channel, left out of it."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bssdemo import audio
from bssdemo.audio import SAMPLE_RATE, AudioError, Recording, rumble
from bssdemo.audio.downmix import downmix
from bssdemo.audio.mono import hear
from bssdemo.separation import Heard


def noise(samples: int = 12_000, seed: int = 0) -> Tensor:
    return 0.2 * torch.randn(samples, generator=torch.Generator().manual_seed(seed))


def tone(hertz: float, seconds: float = 1.0, rate: int = SAMPLE_RATE) -> Tensor:
    return torch.sin(2 * math.pi * hertz * torch.arange(round(rate * seconds)) / rate)


def decibels(x: Tensor, ref: Tensor) -> float:
    return float(10 * torch.log10(x.square().mean() / ref.square().mean()))


@given(
    phase=st.floats(0, 2 * math.pi),
    delay=st.integers(0, 200),
    level=st.floats(-1.5, 1.5),
    seed=st.integers(0, 9),
)
@settings(deadline=None, max_examples=25)
def test_whatever_lies_between_two_channels_the_power_is_kept(
    phase: float, delay: int, level: float, seed: int
) -> None:
    """Of a sound and its copy, turned, late and louder or softer, beside hiss 25 dB below."""
    left = noise(seed=seed)
    turned = torch.fft.irfft(torch.fft.rfft(left) * complex(math.cos(phase), math.sin(phase)), len(left))
    right = level * turned.roll(delay) + 0.05 * noise(seed=seed + 20)
    channels = torch.stack([left, right])
    assert decibels(downmix(channels), channels) == pytest.approx(0, abs=1.5)


def test_two_sources_both_stay_though_one_is_in_phase_and_the_other_is_not() -> None:
    """No one direction of the two channels keeps both: their sum is the one, their difference the other."""
    low, high = tone(440), tone(2_000)
    mono = downmix(torch.stack([low + high, low - high]))
    spectrum = torch.fft.rfft(mono).abs()
    assert spectrum[440] / spectrum[2_000] == pytest.approx(1, abs=0.05)


def test_channels_that_are_the_same_are_just_that() -> None:
    assert torch.equal(downmix(noise().expand(6, -1)), noise())


def with_subwoofer(channels: int, place: int, hum: Tensor) -> Tensor:
    rows = torch.stack([noise(len(hum), seed=k) for k in range(channels)])
    rows[place] = hum
    return rows


@pytest.mark.parametrize(("channels", "place"), [(3, 2), (4, 3), (6, 3), (6, 5), (8, 3)])
def test_a_channel_with_bass_alone_is_not_searched(channels: int, place: int) -> None:
    rows = with_subwoofer(channels, place, tone(50))
    mono, low = hear(Recording(rows, SAMPLE_RATE))
    assert low == (place,)
    rest = [torch.cat(list(rumble.without(rows[k], SAMPLE_RATE))) for k in range(channels) if k != place]
    torch.testing.assert_close(mono, downmix(torch.stack(rest)))
    heard = Heard.of(Recording(rows, SAMPLE_RATE))
    assert heard.unheard == (place,)
    assert any(f"Channel {place + 1} is a subwoofer's" in note for note in heard.notes)


def test_a_channel_that_the_file_calls_a_subwoofers_is_not_searched() -> None:
    assert hear(Recording(with_subwoofer(6, 3, noise()), SAMPLE_RATE, low=(3,)))[1] == (3,)


def test_two_channels_of_bass_and_channels_that_are_all_bass_are_searched() -> None:
    assert hear(Recording(torch.stack([noise(16_000), tone(50)]), SAMPLE_RATE))[1] == ()
    assert hear(Recording(torch.stack([tone(50), tone(60), tone(70)]), SAMPLE_RATE))[1] == ()


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
@pytest.mark.parametrize("hertz", [0.0, 0.7, 5.0, 8.0])
def test_what_lies_below_hearing_does_not_set_the_level(rate: int, hertz: float) -> None:
    sound = 0.05 * tone(440, 3, rate)
    drift = 0.5 * torch.cos(2 * math.pi * hertz * torch.arange(len(sound)) / rate)
    mono = Heard.of(Recording((sound + drift)[None], rate)).mono
    expected = 0.05 * tone(440, 3)
    inside = slice(3_200, len(mono) - 3_200)
    assert decibels(mono[inside] - expected[: len(mono)][inside], expected) < -25
    if hertz < 1:  # a faster one has no certain beginning
        assert mono.abs().max() < 0.1


@pytest.mark.parametrize("hertz", [27.5, 41.0, 100.0, 440.0])
def test_what_can_be_heard_stays(hertz: float) -> None:
    sound = tone(hertz, 2)
    kept = torch.cat(list(rumble.without(sound, SAMPLE_RATE)))[3_200:-3_200]
    assert decibels(kept, sound[3_200:-3_200]) == pytest.approx(0, abs=0.8)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_an_offset_alone_is_no_sound(rate: int) -> None:
    offset = torch.full((2, rate), 0.5)
    with pytest.raises(AudioError, match="silent"):
        Heard.of(Recording(offset, rate))


@pytest.mark.parametrize(("bits", "level", "silent"), [(16, 5e-5, True), (24, 5e-5, False), (24, 1e-7, True)])
def test_quiet_is_not_silent_in_a_recording_of_24_bits(bits: int, level: float, silent: bool) -> None:
    recording = Recording(level * tone(440)[None], SAMPLE_RATE, bits=bits)
    if silent:
        with pytest.raises(AudioError, match="silent"):
            Heard.of(recording)
    else:
        assert audio.pause_level(Heard.of(recording).mono) < level / 10


@pytest.mark.parametrize("samples", [1, 100, 640, 790, 799])
def test_a_duration_that_is_too_short_looks_too_short(samples: int) -> None:
    for rate in (16_000, 44_100):
        with pytest.raises(AudioError, match=r"lasts .* s; at least 0\.05 s") as refused:
            audio.to_mono_16k(Recording(torch.ones(1, samples * rate // 16_000), rate))
        assert float(str(refused.value).split("lasts ")[1].split(" s;")[0]) < 0.05
