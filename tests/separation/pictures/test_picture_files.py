"""The files of an unmixed picture: whole or not there, and never the picture itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from bssdemo import image
from bssdemo.separation.pictures import files
from bssdemo.separation.pictures.mixtures import from_example
from bssdemo.separation.pictures.request import PictureRequest, prepare
from bssdemo.separation.pictures.result import PictureResult
from bssdemo.separation.pictures.run import separate
from bssdemo.separation.pictures.sets import PictureSets


@pytest.fixture
def result(sets: PictureSets) -> PictureResult:
    return separate(prepare(from_example(sets.sets["shoes-bags"], 1), PictureRequest()))


def test_files_hold_the_result_on_its_own_background(result: PictureResult, tmp_path: Path) -> None:
    written = files.write(result, tmp_path / "new" / "out")
    assert [file.name for file in written] == ["source-1.png", "source-2.png", "mixture.png", "mask.png"]
    shown = [image.read(file, 3)[:, ::4, ::4] for file in written]
    assert result.mixture.inverted
    for picture, source in zip(shown, result.sources, strict=False):
        torch.testing.assert_close(picture, 1 - source.clamp(0, 1), atol=2.5e-3, rtol=0)
    torch.testing.assert_close(shown[2], 1 - result.mixture.values / 2, atol=2.5e-3, rtol=0)
    torch.testing.assert_close(shown[3], result.mask, atol=2.5e-3, rtol=0)


def test_a_failing_write_leaves_nothing(
    result: PictureResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = files.write(result, tmp_path)
    before = {file: file.read_bytes() for file in first}

    def full(path: Path, *_: object) -> None:
        if path.name == files.MASK:
            raise OSError(28, "No space left on device")
        path.write_bytes(b"half")

    monkeypatch.setattr(image, "write", full)
    with pytest.raises(OSError, match="No space left"):
        files.write(result, tmp_path)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_the_picture_itself_is_not_overwritten(result: PictureResult, tmp_path: Path) -> None:
    mixture = files.write(result, tmp_path)[2]
    with pytest.raises(ValueError, match=r"mixture\.png would be overwritten"):
        files.refuse_to_overwrite(mixture, tmp_path)
    shutil.copy(mixture, tmp_path / "other.png")
    files.refuse_to_overwrite(tmp_path / "other.png", tmp_path)
