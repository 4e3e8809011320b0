"""What folders, files and tables name, each once, and where its result goes."""

from __future__ import annotations

import builtins
import os
import time
from pathlib import Path

import pytest

from bssdemo.folders.found import find


def places(asked: list[Path], out: Path) -> list[str]:
    return [entry.place.as_posix() for entry in find(asked, out)]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_a_folders_tree_is_kept_and_other_files_are_left_out(folder: Path, tmp_path: Path) -> None:
    assert places([folder], tmp_path / "out") == ["a", "b", "sub/a", "sub/broken", "sub/deep/c"]


def test_two_recordings_never_share_a_folder(tmp_path: Path) -> None:
    touch(tmp_path / "x", "mix.wav", "mix.flac", "MIX.ogg", "other.wav")
    touch(tmp_path / "y", "mix.wav")
    found = places([tmp_path / "x", tmp_path / "y"], tmp_path / "out")
    assert len({place.casefold() for place in found}) == len(found) == 5
    assert "other" in found
    assert "mix.flac" in found


def test_results_within_the_folder_are_no_recordings(folder: Path) -> None:
    touch(folder / "results" / "a", "digit.wav")
    touch(folder, ".hidden.wav", ".aside/x.wav")
    assert "results/a/digit" not in places([folder], folder / "results")
    assert len(places([folder], folder / "results")) == 5


def test_a_file_named_twice_is_done_once(folder: Path, tmp_path: Path) -> None:
    assert places([folder / "a.wav", folder / "sub" / ".." / "a.wav"], tmp_path / "out") == ["a"]


@pytest.mark.parametrize("heading", ["name,path\n", ""])
def test_a_table_names_files_relative_to_itself_or_anywhere(folder: Path, heading: str) -> None:
    table = folder.parent / "table.csv"
    column = "x," if heading else ""
    rows = [f"{column}in/a.wav", f"{column}{folder / 'b.flac'}", "", f"{column}in/sub/../sub/a.wav"]
    table.write_text(heading + "\n".join(rows), encoding="utf-8")
    elsewhere = folder.relative_to(folder.anchor) / "b"
    assert places([table], folder.parent / "out") == ["in/a", elsewhere.as_posix(), "in/sub/sub/a"]
    assert all(entry.file.is_file() for entry in find([table], folder.parent / "out"))


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere is not there; name folders"):
        find([tmp_path / "nowhere"], tmp_path / "out")
    with pytest.raises(ValueError, match="there is no recording in"):
        find([tmp_path], tmp_path / "out")


def test_a_list_of_100_000_names_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three files on disk stand for the many: os.walk is told of the rest."""
    many = [f"{number:06d}.wav" for number in range(100_000)]
    monkeypatch.setattr(os, "walk", lambda folder: iter([(str(folder), [], many)]))
    monkeypatch.setattr(builtins, "open", None)
    monkeypatch.setattr(Path, "open", None)
    began = time.process_time()
    found = find([tmp_path], tmp_path / "out")
    assert len(found) == 100_000
    assert time.process_time() - began < 20  # a few seconds of a slow core
