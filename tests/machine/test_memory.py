"""Large recordings lie in files, and what was freed goes back to the machine."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch

from bssdemo.audio import decode, mono, rumble
from bssdemo.machine import memory

RATE = 96_000


def resident() -> int:
    """Bytes of this process that lie in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_an_array_in_a_file_leaves_memory_and_keeps_its_values() -> None:
    array = memory.on_disk((2, 10_000_000))
    array[:] = 0.5
    filled = resident()
    memory.rest(torch.from_numpy(array)[:, 5:])
    assert filled - resident() > 70e6
    assert (array[:, ::1000] == 0.5).all()


def test_nothing_happens_to_samples_in_memory() -> None:
    samples = torch.ones(1000)
    assert torch.equal(torch.cat(list(memory.blocks(samples, 300))), samples)


def test_a_file_ends_with_its_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    array = memory.on_disk((1, 1000))
    assert not list(tmp_path.iterdir())
    del array
    gc.collect()
    assert not memory._files


@pytest.mark.parametrize("full", [False, True])
def test_a_large_recording_is_read_as_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    """`full`: the disk has no room for it."""
    values = np.random.default_rng(0).uniform(-0.5, 0.5, (2 * RATE, 2)).astype(np.float32)
    file = tmp_path / "a.wav"
    soundfile.write(file, values, RATE, "FLOAT")
    whole = decode.read(file).samples.clone()

    def refused(*_: object) -> np.ndarray:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(decode, "IN_MEMORY", 100_000)
    if full:
        monkeypatch.setattr(memory, "on_disk", refused)
    large = decode.read(file).samples
    assert torch.equal(large, whole)
    assert (large.data_ptr() in memory._files) != full


def test_block_by_block_is_all_at_once_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = torch.from_numpy(np.random.default_rng(0).standard_normal(3 * RATE + 77).astype(np.float32))
    found, kept = rumble.find(channel, RATE), torch.cat(list(rumble.without(channel, RATE)))
    expected = torch.from_numpy(soxr.resample(kept.numpy(), RATE, 16_000))
    monkeypatch.setattr(rumble, "BLOCK", 50_000)
    assert np.array_equal(rumble.find(channel, RATE).values, found.values)
    blocks = list(rumble.without(channel, RATE))
    assert len(blocks) > 5
    assert torch.equal(torch.cat(blocks), kept)
    assert torch.equal(mono._resampled(iter(blocks), RATE), expected)
