"""What is written has the recording's depth; rumble and a subwoofer go to the residual; blocks have no seams."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bssdemo import audio
from bssdemo.audio import rumble
from bssdemo.search.refine import DEFAULT
from bssdemo.separation import Networks, Request, Result, Run, channels, prepare, read
from bssdemo.separation.channels import Parts
from bssdemo.separation.files import write
from tests.separation.conftest import chord


def separated(file: Path) -> Result:
    run = Run(prepare(read(file), Request(("a", "b"), "pca"), Networks()))
    for _ in run:
        pass
    return run.result()


@pytest.mark.parametrize(
    ("subtype", "written"),
    [("PCM_U8", "PCM_16"), ("PCM_16", "PCM_16"), ("PCM_24", "PCM_24"), ("FLOAT", "FLOAT")],
)
def test_files_have_the_depth_of_the_recording(tmp_path: Path, subtype: str, written: str) -> None:
    """At -75 dB of full scale a 24-bit recording keeps 60 dB above its steps, and so do its stems."""
    level = 10 ** (-75 / 20) if subtype in ("PCM_24", "FLOAT") else 0.5
    soundfile.write(tmp_path / "a.wav", level * chord(44_100, 2, 0.4), 44_100, subtype)
    result = separated(tmp_path / "a.wav")
    files = write(result, tmp_path / "out")
    assert {soundfile.info(file).subtype for file in files.sounds} == {written}
    original = audio.read(tmp_path / "a.wav").samples.double() * result.scale
    total = sum(audio.read(file).samples.double() for file in (*files.stems, files.residual))
    mixture = audio.read(files.mixture).samples.double()
    floor = {"PCM_16": 2**-15, "PCM_24": 2**-23, "FLOAT": 1e-9}[written]
    assert (mixture - original).abs().max() <= 0.51 * floor
    assert (total - original).abs().max() <= 2 * floor + 1e-5 * level


def test_an_mp3_that_is_quiet_is_not_rounded_to_16_bits(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.mp3", 1e-3 * chord(44_100, 1, 0.5), 44_100)
    soundfile.write(tmp_path / "b.mp3", chord(44_100, 1, 0.5), 44_100)
    assert (audio.read(tmp_path / "a.mp3").bits, audio.read(tmp_path / "b.mp3").bits) == (32, 16)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_an_offset_goes_to_the_residual(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", 0.1 * chord(rate, 2, 0.6) + 0.5, rate, "FLOAT")
    result = separated(tmp_path / "a.wav")
    torch.testing.assert_close(result.channels.sum(0), result.job.heard.recording.samples, rtol=0, atol=1e-5)
    assert result.channels[:-1].mean(-1).abs().max() < 1e-3
    assert result.channels[-1].mean() == pytest.approx(0.5, abs=0.01)


def test_a_subwoofers_channel_goes_to_the_residual(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, (16_000, 6))
    sound[:, 3] = 0.9 * np.sin(2 * np.pi * 50 * np.arange(16_000) / 16_000)
    soundfile.write(tmp_path / "a.wav", sound, 16_000, "FLOAT")
    result = separated(tmp_path / "a.wav")
    original = result.job.heard.recording.samples
    torch.testing.assert_close(result.channels.sum(0), original, rtol=0, atol=1e-5)
    assert not result.channels[:-1, 3].any()
    assert torch.equal(result.channels[-1, 3], original[3])


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
def test_blocks_have_no_seams(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    samples = 0.2 * torch.randn(2, 2 * rate + 77, generator=generator) + 0.3
    frames = -(-round(samples.shape[1] * 16_000 / rate) // DEFAULT.hop) + 1
    masks = torch.rand(3, frames, DEFAULT.stft.bins, generator=generator).softmax(0)
    below = tuple(rumble.find(channel, rate) for channel in samples)
    whole = Parts(masks, DEFAULT.stft, samples, rate, below).whole
    monkeypatch.setattr(channels, "BLOCK", 30_000)
    monkeypatch.setattr(channels, "BLOCK_OF_FAST", 30_000)
    monkeypatch.setattr(channels, "KEPT", 0)
    blocks = list(Parts(masks, DEFAULT.stft, samples, rate, below).blocks())
    assert len(blocks) > 3
    torch.testing.assert_close(torch.cat(blocks, -1), whole, rtol=0, atol=2e-6)
    torch.testing.assert_close(whole.sum(0), samples, rtol=0, atol=1e-5)
