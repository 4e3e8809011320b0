"""Clips: whole groups held out, seams known, folders read as they are."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bssdemo.audio.format import SAMPLES
from bssdemo.data.augment import Augmentation, draw_batch
from bssdemo.data.clips import Clips, DataError, load_clips, peak_normalised

STILL = Augmentation(speed=0.0, tilt_db=0.0, onset_seconds=0.0)


def write_shared(folder: Path, rows: list[tuple[str, str, str, str]]) -> np.ndarray:
    """A shared layout of numbered clips; rows are (split, label, source, path)."""
    audio = np.stack([np.full(SAMPLES, 100 + row, dtype=np.int16) for row in range(len(rows))])
    soundfile.write(folder / "drums.flac", audio.reshape(-1), 16_000)
    with (folder / "drums.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", "split", "label", "source", "path"])
        writer.writerows([number, *row] for number, row in enumerate(rows))
    return audio


def test_shared_layout_splits_whole_groups(tmp_path: Path) -> None:
    rows = [("train" if n % 3 else "test", "kick", f"kit{n % 3}-{n % 40}", f"f{n}.wav") for n in range(300)]
    audio = write_shared(tmp_path, rows)
    splits = {split: load_clips(tmp_path, "drums", split) for split in ("train", "valid", "test")}
    groups = {split: set(clips.group) for split, clips in splits.items()}
    assert not groups["train"] & groups["valid"]
    assert len(splits["test"]) == sum(row[0] == "test" for row in rows)
    assert sum(map(len, splits.values())) == len(rows), "every clip is in exactly one split"
    together = np.concatenate([clips.audio[:, 0] for clips in splits.values()])
    assert sorted(together) == sorted(audio[:, 0])
    assert 0 < len(splits["valid"]) < 0.3 * len(splits["train"])


def test_slices_follow_each_other_only_within_a_recording(tmp_path: Path) -> None:
    paths = ["a.ogg@0", f"a.ogg@{SAMPLES}", f"b.ogg@{2 * SAMPLES}", f"b.ogg@{3 * SAMPLES}", "hit.wav"]
    write_shared(tmp_path, [("test", "x", path[0], path) for path in paths])
    assert load_clips(tmp_path, "drums", "test").follows.tolist() == [False, True, False, True, False]


def test_plain_folder_is_read_at_any_rate(tmp_path: Path) -> None:
    time = np.arange(8_000 * 2) / 8_000
    for number in range(24):
        tone = 0.1 * np.sin(2 * np.pi * 500 * time)
        soundfile.write(tmp_path / f"tone{number:02}.wav", np.stack([tone, tone], axis=1), 8_000)
    clips = load_clips(tmp_path, "bells", "train")
    held = load_clips(tmp_path, "bells", "test")
    assert set(held.group) == {"tone11.wav@0", "tone23.wav@0"}
    assert set(load_clips(tmp_path, "bells", "valid").group) == {"tone05.wav@0", "tone17.wav@0"}
    assert clips.follows.sum() == len(clips) / 2, "two windows a file: the second follows the first"
    assert not set(held.group) & set(clips.group)
    window = peak_normalised(clips.audio[:1])[0]
    peak_bin = int(np.abs(np.fft.rfft(window)).argmax())
    assert peak_bin == round(500 * SAMPLES / 16_000), "resampled to 16 kHz"


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        load_clips(tmp_path / "missing", "digit", "train")
    with pytest.raises(DataError, match="no audio files"):
        load_clips(tmp_path, "digit", "train")
    write_shared(tmp_path, [("test", "x", "kit", "hit.wav")] * 2)
    with pytest.raises(DataError, match="no recordings of 'digit'"):
        load_clips(tmp_path, "digit", "test")
    for file in tmp_path.iterdir():
        file.unlink()


def test_files_that_are_no_sound_are_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken.wav").write_text("not audio")
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    with pytest.raises(DataError, match="no train clips"):
        load_clips(tmp_path, "birds", "train")
    assert {record.args[0] for record in caplog.records if record.args} == {"broken.wav", "silent.wav"}
    soundfile.write(tmp_path / "long.wav", np.sin(np.arange(130 * 16_000) / 10), 16_000)
    splits = [load_clips(tmp_path, "birds", split) for split in ("train", "valid", "test")]
    assert sum(map(len, splits)) == round(130 / 1.024), "one long file serves all three splits"
    assert [len(clips) for clips in splits] == [127 - 8 - 8, 8, 8]


def noise_clips(count: int = 8, labels: int = 2) -> Clips:
    rng = np.random.default_rng(0)
    return Clips(
        audio=rng.integers(-30_000, 30_000, (count, SAMPLES)).astype(np.int16),
        label=np.array([f"class{n % labels}" for n in range(count)]),
        group=np.array([f"g{n}" for n in range(count)]),
        follows=np.array([n > 0 for n in range(count)]),
    )


def test_batches_are_a_function_of_seed_and_step() -> None:
    clips, augmentation = noise_clips(), Augmentation(overlay=0.5)
    first = draw_batch(clips, 5, augmentation, seed=1, step=7)
    np.testing.assert_array_equal(first, draw_batch(clips, 5, augmentation, seed=1, step=7))
    assert not np.array_equal(first, draw_batch(clips, 5, augmentation, seed=1, step=8))
    assert not np.array_equal(first, draw_batch(clips, 5, augmentation, seed=2, step=7))
    np.testing.assert_allclose(np.abs(first).max(axis=1), 1, rtol=1e-6)


def test_classes_are_drawn_uniformly_even_when_counts_differ() -> None:
    clips = noise_clips(10, labels=1)
    levels = np.where(np.arange(10) == 0, -1.0, 1.0)  # one clip of class "rare", nine of "common"
    ramp = np.linspace(0.1, 1, SAMPLES)
    clips = Clips(
        audio=(30_000 * levels[:, None] * ramp).astype(np.int16),
        label=np.array(["rare"] + ["common"] * 9),
        group=clips.group,
        follows=np.zeros(10, dtype=bool),
    )
    batch = draw_batch(clips, 400, STILL, seed=0, step=0)
    rare = (batch[:, -1] < 0).mean()
    assert abs(rare - 0.5) < 0.1  # 4 standard errors


def test_crop_joins_consecutive_slices_at_any_offset() -> None:
    recording = np.arange(2 * SAMPLES, dtype=np.int32)
    clips = Clips(
        audio=(recording // 2).astype(np.int16).reshape(2, SAMPLES),
        label=np.array(["a", "a"]),
        group=np.array(["a", "a"]),
        follows=np.array([False, True]),
    )
    still = Augmentation(speed=0.0, tilt_db=0.0, onset_seconds=0.0, crop=True)
    batch = draw_batch(clips, 16, still, seed=0, step=0)
    steps = np.diff(batch, axis=1) * (recording[-1] // 2)  # scale free: every crop stays a ramp
    assert (np.diff(batch, axis=1) >= -1e-6).all(), "a crop jumps at the seam"
    assert len({round(float(row[0] / row[-1]), 4) for row in batch}) > 4, "crops start at few offsets"
    assert np.isfinite(steps).all()


def test_speed_moves_the_pitch_within_its_range() -> None:
    time = np.arange(SAMPLES) / 16_000
    tone = (30_000 * np.sin(2 * np.pi * 1000 * time)).astype(np.int16)[None]
    clips = Clips(tone, np.array(["t"]), np.array(["t"]), np.array([False]))
    batch = draw_batch(clips, 64, Augmentation(speed=0.1, tilt_db=0.0, onset_seconds=0.0), 0, 0)
    spectrum = np.abs(np.fft.rfft(batch[:, : SAMPLES // 2] * np.hanning(SAMPLES // 2)))
    frequency = spectrum.argmax(axis=1) * 16_000 / (SAMPLES // 2)
    assert 1000 / 1.11 <= frequency.min() < 940
    assert 1060 < frequency.max() <= 1110
