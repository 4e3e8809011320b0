"""Decoded samples are believed, headers are not: lengths that lie, were never written, or were left open."""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bssdemo import audio
from bssdemo.audio.decode import UNFINISHED
from bssdemo.machine.text import readable

RATE, SECONDS = 16_000, 2
SOUND = 0.3 * np.sin(np.arange(RATE * SECONDS) / 9)
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def encoded(format: str, sound: np.ndarray = SOUND, subtype: str | None = None) -> bytearray:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, RATE, subtype, format=format)
    return bytearray(buffer.getvalue())


def read(folder: Path, content: bytes, name: str = "a.bin") -> audio.Recording:
    (folder / name).write_bytes(content)
    return audio.read(folder / name)


def lengths(content: bytearray, told: dict[int, bytes]) -> bytearray:
    for place, new in told.items():
        content[place : place + len(new)] = new
    return content


@pytest.mark.parametrize("riff", [0, 36, 2**32 - 1, 2**31])
@pytest.mark.parametrize("data", [0, 2**32 - 1])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW"])
def test_a_wav_of_a_recorder_that_was_killed_is_read_to_its_end(
    tmp_path: Path, riff: int, data: int, subtype: str
) -> None:
    whole = encoded("WAV", subtype=subtype)
    cut = lengths(bytearray(whole), {4: struct.pack("<I", riff)})
    place = cut.find(b"data") + 4
    lengths(cut, {place: struct.pack("<I", data)})
    recording = read(tmp_path, cut)
    assert torch.equal(
        recording.samples[:, : len(SOUND)], read(tmp_path, whole).samples
    )  # FLOAT has a chunk behind
    assert abs(recording.samples.shape[1] - len(SOUND)) < 100
    assert recording.note == (UNFINISHED if data == 0 else None)


def unfinished(format: str) -> bytearray:
    content = encoded(format)
    data = content.find(b"data")
    match format:
        case "RF64":
            return lengths(content, {content.find(b"ds64") + 8: bytes(24)})
        case "W64":
            return lengths(content, {16: bytes(8), data + 16: bytes(8)})
        case "CAF":
            return lengths(content, {data + 4: bytes(8)})
        case "AU":
            return lengths(content, {8: bytes(4)})
        case "AIFF":
            frames, sound = content.find(b"COMM") + 10, content.find(b"SSND") + 4
            return lengths(content, {4: bytes(4), frames: bytes(4), sound: bytes(4)})
        case "FLAC":
            content[21] &= 0xF0
            return lengths(content, {22: bytes(4)})
    raise AssertionError(format)


@pytest.mark.parametrize("format", ["RF64", "W64", "CAF", "AU", "AIFF", "FLAC"])
def test_so_is_every_other_format(tmp_path: Path, format: str) -> None:
    samples = read(tmp_path, unfinished(format)).samples
    assert torch.equal(samples[:, : len(SOUND)], read(tmp_path, encoded(format)).samples)
    assert samples.shape[1] - len(SOUND) < 20


@pytest.mark.parametrize("told", [1, 5_000, 2**32 - 1])
def test_a_flac_that_tells_another_length_is_read_as_it_is(tmp_path: Path, told: int) -> None:
    content = lengths(encoded("FLAC"), {22: struct.pack(">I", told)})
    assert read(tmp_path, content).samples.shape[1] == len(SOUND)


def test_an_empty_wav_with_more_chunks_behind_stays_empty(tmp_path: Path) -> None:
    content = encoded("WAV", np.zeros(0)) + b"LIST" + struct.pack("<I", 4_000) + b"INFO".ljust(4_000, b"x")
    lengths(content, {4: struct.pack("<I", len(content) - 8)})
    with pytest.raises(audio.AudioError, match="no samples"):
        read(tmp_path, content)


def loud_after_silence() -> np.ndarray:
    """13.1 s; the frames that an estimate looks at are smaller, or larger, than the others."""
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, round(10.1 * RATE))
    return np.concatenate([np.zeros(3 * RATE), noise])


def mp3(sound: np.ndarray) -> bytearray:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, RATE, format="MP3", bitrate_mode="VARIABLE", compression_level=0.0)
    return bytearray(buffer.getvalue())


@pytest.mark.parametrize(
    "sound", [loud_after_silence(), loud_after_silence()[::-1]], ids=["louder", "softer"]
)
def test_a_variable_mp3_without_a_length_is_read_whole(tmp_path: Path, sound: np.ndarray) -> None:
    content = mp3(sound)
    head = next(content.find(name) for name in (b"Xing", b"Info") if name in content)
    for bare in (lengths(bytearray(content), {head: bytes(4)}), content[4 * 144 :]):
        assert read(tmp_path, bare).seconds == pytest.approx(len(sound) / RATE, abs=0.3)
        assert read(tmp_path, bare).note is None


@pytest.mark.parametrize("frames", [1, 20, 2**31 - 1])
def test_an_mp3_that_tells_another_length_is_read_as_it_is(tmp_path: Path, frames: int) -> None:
    content = mp3(loud_after_silence())
    head = next(content.find(name) for name in (b"Xing", b"Info") if name in content)
    lengths(content, {head + 8: struct.pack(">I", frames)})
    assert read(tmp_path, content).seconds == pytest.approx(13.1, abs=0.3)


def test_an_honest_mp3_keeps_its_exact_length(tmp_path: Path) -> None:
    assert read(tmp_path, mp3(loud_after_silence())).samples.shape[1] == len(loud_after_silence())


@needs_ffmpeg
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "mov"])
def test_a_sound_that_begins_late_in_a_video_stays_late(tmp_path: Path, suffix: str) -> None:
    soundfile.write(tmp_path / "a.wav", np.concatenate([SOUND, SOUND]), RATE)
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=black:s=64x64:d=5:r=10"]
    command += ["-itsoffset", "0.5", "-i", tmp_path / "a.wav", "-map", "0:v", "-map", "1:a", "-c:a", "aac"]
    subprocess.run([*command, tmp_path / f"late.{suffix}"], check=True)
    samples = audio.to_mono_16k(audio.read(tmp_path / f"late.{suffix}"))
    begins = int((samples.abs() > 0.1).nonzero()[0]) / RATE
    assert begins == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("name", [b"Caf\xe9.wav", "Café.wav".encode(), b"\xff\xfe.wav"])
def test_any_bytes_in_a_name_are_read_and_told_as_letters(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(encoded("WAV"))
    assert audio.read(path).samples.shape == (1, len(SOUND))
    path.write_bytes(b"words\n" * 99)
    with pytest.raises(audio.AudioError) as refused:
        audio.read(path)
    assert str(refused.value).encode("utf-8").startswith(readable(path.name).encode("utf-8"))
