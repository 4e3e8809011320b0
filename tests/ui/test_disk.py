"""What visitors' files may take of the disk: a total for each address and for all, the oldest first out."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bssdemo.ui import disk, session
from bssdemo.ui.disk import Uploads, tidy


def made(path: Path, size: int, age: float) -> Path:
    """A file of so many bytes that was written so many seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_an_address_keeps_its_newest_uploads() -> None:
    uploads = Uploads(100.0)
    a, b, c, d = map(Path, "abcd")
    assert uploads.brought("me", {a: 40, b: 40}) == []
    assert uploads.brought("me", {a: 40}) == []  # once more: it is the newest now
    assert uploads.brought("me", {c: 30}) == [b]
    assert uploads.brought("you", {a: 40, d: 70}) == []  # the first is mine too
    assert uploads.brought("me", {d: 70}) == [a]
    assert uploads.brought("me", {b: 101}) == [c, b]  # too large by itself; and d is yours too


def test_only_so_many_addresses_are_remembered() -> None:
    uploads = Uploads(1.0)
    for number in range(disk.MOST_ADDRESSES + 9):
        uploads.brought(str(number), {})
    assert len(uploads) == disk.MOST_ADDRESSES


def test_the_oldest_go_when_the_disk_is_full_and_never_what_the_page_shows(tmp_path: Path) -> None:
    icon = made(tmp_path / "icon.png", 50, 900)
    old, young = made(tmp_path / "x" / "old.wav", 50, 500), made(tmp_path / "y" / "young.wav", 50, 10)
    assert tidy([tmp_path], {str(icon)}, most=150.0) == []
    assert tidy([tmp_path], {str(icon)}, most=100.0) == [old]
    assert icon.exists()
    assert young.exists()


def test_what_no_event_knows_goes_after_two_hours(tmp_path: Path) -> None:
    half = made(tmp_path / "a" / "tmp1234", 5, disk.LONGEST + 60)
    young = made(tmp_path / "b" / "tmp5678", 5, 60)
    (tmp_path / "empty").mkdir()
    os.utime(tmp_path / "empty", (0, 0))
    assert tidy([tmp_path], ()) == [half]
    assert young.exists()
    assert not (tmp_path / "empty").exists()


def test_gradio_has_a_folder_of_this_process_that_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "large-disk"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(place))
    left = place / "bssdemo-999999999-x" / "upload.wav"
    made(left, 5, 60)
    made(place / "somebody-elses", 5, 60)
    kept = session.settle()
    assert kept.path.parent == place
    assert os.environ["GRADIO_TEMP_DIR"] == str(kept.path)
    assert kept.path in session.folders()
    kept.remove()
    assert [path.name for path in place.iterdir()] == ["somebody-elses"]
