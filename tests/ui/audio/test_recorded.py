from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bssdemo.separation import Networks
from bssdemo.ui.audio import examples
from bssdemo.ui.audio.record import record
from tests.ui.wire import decode


@pytest.fixture
def example(tmp_path: Path) -> examples.Example:
    shutil.copytree(
        examples.FOLDER / "digit-piano",
        tmp_path / "digit-piano",
        ignore=shutil.ignore_patterns(examples.RECORDED),
    )
    return examples.find(tmp_path)[0]


def test_thinning_keeps_the_ends_and_the_order() -> None:
    frames = [(float(at), str(at)) for at in range(100)]
    thinned = examples.thin(frames, 7)
    assert len(thinned) == 7
    assert (thinned[0], thinned[-1]) == (frames[0], frames[-1])
    assert thinned == sorted(thinned)
    assert examples.thin(frames[:3], 7) == frames[:3]


def test_stored_frames_come_back(example: examples.Example) -> None:
    (example.folder / examples.RECORDED).mkdir()
    frames = [(0.125, 'a "quoted"\nline'), (1.5, "b")]
    examples.store(example.folder / examples.RECORDED, frames, "the end")
    assert example.frames == [*frames, (1.5, "the end")]


@pytest.mark.parametrize("content", [None, b"", b"not compressed", b"\xfd7zXZ\x00 cut short"])
def test_a_missing_or_damaged_recording_is_no_recording(
    example: examples.Example, content: bytes | None
) -> None:
    if content is not None:
        (example.folder / examples.RECORDED).mkdir()
        (example.folder / examples.RECORDED / examples.FRAMES).write_bytes(content)
    assert example.frames == []
    assert example.outcome(["a", "b"]) is None


def test_recording_an_example_gives_frames_marked_so_and_playable_stems(
    example: examples.Example, loaded: Networks
) -> None:
    record(example, loaded)
    frames = [decode(text) for _, text in example.frames]
    assert all(frame.recorded for frame in frames)
    assert [frame.step for frame in frames] == sorted(frame.step for frame in frames)
    assert (frames[0].step, frames[-1].status) == (0, "done")
    assert [(frame.stems, frame.residual) for frame in frames[-2:]] == [("raw", True), ("refined", True)]
    outcome = example.outcome(["one", "two"])
    assert outcome is not None
    assert [decode(outcome.frames[kind]).stems for kind in ("raw", "refined")] == ["raw", "refined"]
    for kind in ("raw", "refined"):
        for track in outcome.tracks(kind, example.truths()):
            samples, rate = soundfile.read(track.file)
            assert (len(samples), rate) == (16_384, 16_000)
    mixture, *parts = (
        soundfile.read(file)[0] for file in (outcome.mixture, *outcome.stems["refined"], outcome.residual)
    )
    scale = (sum(parts) @ mixture) / (mixture @ mixture)
    np.testing.assert_allclose(sum(parts), scale * mixture, atol=1e-4)


@pytest.mark.parametrize("example", examples.find(), ids=lambda example: example.slug)
def test_every_bundled_example_has_its_recorded_run(example: examples.Example) -> None:
    frames = example.frames
    assert len(frames) >= 6, "run `python -m bssdemo.ui.audio.record`"
    assert decode(frames[-1][1]).recorded
    assert example.outcome(example.sources) is not None
    assert len(example.truths()) == len(example.sources)
    packed = sum(
        file.stat().st_size for file in (example.folder / examples.RECORDED).rglob("*") if file.is_file()
    )
    assert packed < 700_000


def test_a_recorded_run_is_read_from_disk_once_and_is_at_its_mixtures_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    example = examples.find()[0]
    reads: list[str] = []
    read = examples.read
    monkeypatch.setattr(examples, "read", lambda path: (reads.append(path.name), read(path))[1])
    for _ in range(2):
        outcome = example.outcome(example.sources)
    assert outcome is not None
    assert len(reads) == 1 + len(example.sources)
    written = np.stack([soundfile.read(file)[0] for file in outcome.stems["refined"]])
    np.testing.assert_allclose(outcome.refined.numpy(), written, atol=2e-3)
