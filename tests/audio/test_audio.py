"""Files in, windows and levels, files out."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import bssdemo
from bssdemo import audio
from bssdemo.audio import SAMPLE_RATE, AudioError, Recording, decode
from bssdemo.audio.format import SAMPLES

TONE = 440.0  # Hz
HALF_STEP = 0.5 / 32_768  # of 16 bits
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def tone(seconds: float, rate: int, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * TONE * np.arange(round(seconds * rate)) / rate)


def loudest_frequency(x: torch.Tensor) -> float:
    spectrum = torch.fft.rfft(x * torch.hann_window(len(x))).abs()
    return spectrum.argmax().item() * SAMPLE_RATE / len(x)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_channel_count_keep_pitch_level_and_length(
    tmp_path: Path, rate: int, channels: int
) -> None:
    soundfile.write(tmp_path / "tone.wav", np.stack([tone(0.5, rate)] * channels, 1), rate, "FLOAT")
    mono = audio.to_mono_16k(audio.read(tmp_path / "tone.wav"))
    assert abs(len(mono) - 8_000) <= 1
    assert loudest_frequency(mono) == pytest.approx(TONE, abs=2)
    assert mono[1_000:-1_000].square().mean().sqrt().item() == pytest.approx(0.5 / 2**0.5, rel=0.01)


FORMATS = {
    "a.wav": ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "DOUBLE"),
    "a.flac": ("PCM_24",),
    "a.ogg": ("VORBIS",),
    "a.mp3": ("MPEG_LAYER_III",),
    "a.aiff": ("PCM_16",),
}


@pytest.mark.parametrize(
    ("name", "subtype"), [(n, subtype) for n, kinds in FORMATS.items() for subtype in kinds]
)
def test_every_sample_format_is_scaled_to_full_scale_one(tmp_path: Path, name: str, subtype: str) -> None:
    soundfile.write(tmp_path / name, tone(1, SAMPLE_RATE), SAMPLE_RATE, subtype)
    mono = audio.to_mono_16k(audio.read(tmp_path / name))
    assert mono[2_000:-2_000].square().mean().sqrt().item() == pytest.approx(0.5 / 2**0.5, rel=0.03)


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.m4a", "a.webm"])
def test_what_libsndfile_does_not_know_goes_through_ffmpeg(tmp_path: Path, name: str) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1, 48_000), 48_000)
    subprocess.run(["ffmpeg", "-v", "error", "-i", tmp_path / "a.wav", tmp_path / name], check=True)
    mono = audio.to_mono_16k(audio.read(tmp_path / name))
    assert len(mono) == pytest.approx(SAMPLE_RATE, rel=0.03)
    assert loudest_frequency(mono) == pytest.approx(TONE, abs=2)


def test_without_ffmpeg_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.m4a").write_bytes(b"\x00\x00\x00\x20ftypM4A " * 20)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioError, match="install ffmpeg, or export it as WAV"):
        audio.read(tmp_path / "a.m4a")


@needs_ffmpeg
def test_a_playlist_cannot_make_ffmpeg_read_other_files(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "secret.wav", tone(1, SAMPLE_RATE), SAMPLE_RATE)
    playlist = "#EXTM3U\n#EXTINF:1.0,\nsecret.wav\n#EXT-X-ENDLIST\n"
    for name, text in [
        ("a.m3u8", playlist),
        ("a.wav", f"ffconcat version 1.0\nfile {tmp_path}/secret.wav\n"),
    ]:
        (tmp_path / name).write_text(text)
        with pytest.raises(AudioError, match="not a sound file"):
            audio.read(tmp_path / name)


def broken_files(folder: Path) -> dict[str, str]:
    """Files nobody can separate, and a word of why."""
    (folder / "text.wav").write_text("these are words, not samples\n" * 50)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "samples.raw").write_bytes(b"\x01\x02" * 400)
    soundfile.write(folder / "none.wav", np.zeros((0, 1)), SAMPLE_RATE)
    soundfile.write(folder / "nan.wav", np.array([0.1, np.nan] * 9_000), SAMPLE_RATE, "FLOAT")
    soundfile.write(folder / "inf.wav", np.array([0.1, np.inf] * 9_000), SAMPLE_RATE, "FLOAT")
    soundfile.write(folder / "huge.wav", np.array([0.1, 3e38] * 9_000), SAMPLE_RATE, "FLOAT")
    soundfile.write(folder / "fast.wav", np.ones(99), 2**31 - 1)
    soundfile.write(folder / "slow.wav", np.ones(99), 1)
    soundfile.write(folder / "click.wav", np.ones(99), SAMPLE_RATE)
    soundfile.write(folder / "silence.wav", np.zeros(20_000), SAMPLE_RATE)
    soundfile.write(folder / "offset.wav", np.full(20_000, 0.5), SAMPLE_RATE)
    soundfile.write(folder / "whole.wav", tone(1, SAMPLE_RATE), SAMPLE_RATE)
    (folder / "header.wav").write_bytes((folder / "whole.wav").read_bytes()[:30])
    return {
        "text.wav": "not a sound file",
        "empty.wav": "empty file",
        "samples.raw": "not a sound file",
        "none.wav": "no samples",
        "nan.wav": "not a number",
        "inf.wav": "infinite",
        "huge.wav": "infinite",
        "fast.wav": "2147483647 Hz",
        "slow.wav": "sample rate of 1 Hz",
        "click.wav": "at least 0.05 s",
        "silence.wav": "silent",
        "offset.wav": "silent",
        "header.wav": "not a sound file|no samples",
        "missing.wav": "not there",
        ".": "not a file",
    }


def test_every_unusable_file_is_refused_with_its_reason(tmp_path: Path) -> None:
    for name, reason in broken_files(tmp_path).items():
        with pytest.raises(AudioError, match=reason):
            audio.to_mono_16k(audio.read(tmp_path / name))


@given(changes=st.dictionaries(st.integers(0, 59), st.integers(0, 255), max_size=8))
@settings(deadline=None, max_examples=30)
def test_any_header_gives_a_finite_recording_or_a_plain_refusal(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[int, int]
) -> None:
    file = tmp_path_factory.mktemp("changed") / "a.wav"
    soundfile.write(file, tone(0.2, SAMPLE_RATE), SAMPLE_RATE, "FLOAT")
    content = bytearray(file.read_bytes())
    for place, value in changes.items():
        content[place] = value
    file.write_bytes(content)
    try:
        window = audio.first_window(audio.to_mono_16k(audio.read(file))).audio
    except AudioError:
        return
    assert window.shape == (SAMPLES,)
    assert torch.isfinite(window).all()


def test_a_file_cut_in_the_middle_gives_what_is_there(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1, SAMPLE_RATE), SAMPLE_RATE)
    whole = audio.read(tmp_path / "a.wav").samples
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:20_000])
    part = audio.read(tmp_path / "a.wav").samples
    assert 0 < part.shape[1] < whole.shape[1]
    assert torch.equal(part, whole[:, : part.shape[1]])


def test_a_long_recording_is_read_to_the_limit_and_says_so(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.flac", tone(decode.MOST_SECONDS + 5, 8_000), 8_000)
    recording = audio.read(tmp_path / "long.flac")
    assert recording.seconds == decode.MOST_SECONDS
    assert f"first {decode.MOST_SECONDS} s" in str(recording.note)


def test_channels_that_cancel_are_not_silence() -> None:
    left = torch.from_numpy(tone(1, SAMPLE_RATE)).float()
    mono = audio.to_mono_16k(Recording(torch.stack([left, -left]), SAMPLE_RATE))
    torch.testing.assert_close(mono, left)


def test_mono_at_16k_is_left_untouched() -> None:
    x = torch.randn(1, 5_000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(audio.to_mono_16k(Recording(x, SAMPLE_RATE)), x[0])


@given(length=st.integers(800, 3 * SAMPLES), lead=st.integers(0, 3 * SAMPLES), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_the_window_is_a_stretch_of_the_recording_that_holds_its_onset(
    length: int, lead: int, seed: int
) -> None:
    lead = min(lead, length - 1)
    mono = torch.randn(length, generator=torch.Generator().manual_seed(seed))
    mono[:lead] = 0
    mono[lead] = 4.0
    window = audio.first_window(mono)
    start = round(window.start * SAMPLE_RATE)
    assert window.audio.shape == (SAMPLES,)
    assert torch.equal(window.audio[: window.recorded], mono[start : start + window.recorded])
    assert not window.audio[window.recorded :].any()
    assert window.recorded == min(length, SAMPLES)
    assert start <= lead < start + SAMPLES
    assert (window.note is None) == (length == SAMPLES)


def test_the_note_says_which_second_is_used() -> None:
    mono = torch.zeros(5 * SAMPLE_RATE)
    mono[2 * SAMPLE_RATE :] = 0.5
    assert audio.first_window(mono).note == (
        "Of 5.00 s of recording only the 1.024 s from 1.98 s on, where the sound begins, are separated."
    )
    assert "at the beginning are separated" in str(audio.first_window(mono + 0.5).note)
    assert "0.20 s; the rest" in str(audio.first_window(mono[-3_200:]).note)


@given(level=st.floats(1e-3, 1e4), sources=st.integers(1, 8))
@settings(deadline=None)
def test_the_search_level_depends_on_the_number_of_sources_alone(level: float, sources: int) -> None:
    x = torch.sin(torch.arange(SAMPLES) / 5)
    mix, gain = audio.to_search_level(level * x, sources)
    assert mix.abs().max().item() == pytest.approx(audio.peak_of_sum(sources), rel=1e-5)
    torch.testing.assert_close(mix / gain, level * x)


def test_the_peak_of_a_sum_is_one_for_one_clip_and_grows_slower_than_the_number() -> None:
    peaks = [audio.peak_of_sum(sources) for sources in range(1, 10)]
    assert peaks[0] == 1.0
    assert all(1 < b / a < (k + 1) / k for k, (a, b) in enumerate(zip(peaks, peaks[1:], strict=False), 1))


def test_silence_has_no_search_level() -> None:
    with pytest.raises(AudioError, match="silent"):
        audio.to_search_level(torch.zeros(SAMPLES), 2)


signals = hnp.arrays(np.float32, (3, 50), elements=st.floats(-4, 4, width=32))


@given(stems=signals)
@settings(deadline=None, max_examples=30)
def test_written_stems_neither_clip_nor_lose_their_relation(
    tmp_path_factory: pytest.TempPathFactory, stems: np.ndarray
) -> None:
    folder = tmp_path_factory.mktemp("wavs")
    x = torch.from_numpy(stems)
    mix = x.sum(0)
    scale = audio.common_scale(x, mix)
    back = []
    for k, signal in enumerate([*x, mix]):
        audio.write_wav(folder / f"{k}.wav", signal, scale=scale)
        recording = audio.read(folder / f"{k}.wav")
        assert recording.sample_rate == SAMPLE_RATE
        back.append(recording.samples[0].double())
        assert (back[-1] - signal.double() * scale).abs().max() <= HALF_STEP * 1.001
    assert (sum(back[:-1]) - back[-1]).abs().max() <= (len(x) + 1) * HALF_STEP * 1.01
    assert 0 < scale <= 1


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_channels_and_rate_are_written_as_they_are(tmp_path: Path, channels: int) -> None:
    x = 0.3 * torch.randn(channels, 500, generator=torch.Generator().manual_seed(0)).clamp(-3, 3)
    audio.write_wav(tmp_path / "a.wav", x, 44_100)
    back = audio.read(tmp_path / "a.wav")
    assert back.sample_rate == 44_100
    torch.testing.assert_close(back.samples, x, rtol=0, atol=HALF_STEP * 1.01)


def test_quiet_stems_are_not_made_louder() -> None:
    assert audio.common_scale(torch.full((2, 9), 0.1), torch.zeros(9)) == 1.0
    assert audio.common_scale() == 1.0


def test_full_scale_has_the_last_step_and_beyond_is_clipped() -> None:
    assert audio.pcm16(torch.tensor([-9.0, -1.0, 0.0, 1.0, 9.0])).tolist() == [
        -32768,
        -32768,
        0,
        32767,
        32767,
    ]


def test_rate_and_length_of_a_window_stand_in_one_place() -> None:
    """As numbers in code; documentation may name them."""
    for file in Path(bssdemo.__file__).parent.rglob("*.py"):
        numbers = {
            node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)
        }
        assert file.name == "format.py" or not numbers & {SAMPLE_RATE, SAMPLES}, file
