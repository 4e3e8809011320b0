"""No file that a run did not make is ever replaced, and an earlier run's stems never look like this one's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bssdemo.separation import Job, Result, Run
from bssdemo.separation.files import refuse_to_overwrite, write

Prepare = Callable[..., Job]


@pytest.fixture
def finish(job: Prepare) -> Callable[..., Result]:
    def finished(*sources: str) -> Result:
        run = Run(job(sources, method="pca"))
        for _ in run:
            pass
        return run.result()

    return finished


@pytest.mark.parametrize(
    "name", ["component-1.wav", "residual.wav", "raw/component-2.wav", "report.json", "figure.png"]
)
def test_a_file_that_no_run_made_is_not_replaced(
    finish: Callable[..., Result], tmp_path: Path, name: str
) -> None:
    mine = tmp_path / "out" / name
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    (tmp_path / "mix.wav").write_bytes(b"a recording")
    result = finish("digit", "piano")
    with pytest.raises(ValueError, match=r"is there already, and no run made it"):
        refuse_to_overwrite(tmp_path / "mix.wav", result.job, tmp_path / "out")
    with pytest.raises(FileExistsError, match="no run made it"):
        write(result, tmp_path / "out")
    assert [file.read_bytes() for file in (tmp_path / "out").rglob("*.*")] == [b"mine"]


def test_nor_is_a_runs_file_that_was_changed_since(finish: Callable[..., Result], tmp_path: Path) -> None:
    result = finish("digit", "piano")
    files = write(result, tmp_path)
    files.stems[0].write_bytes(b"mine now")
    with pytest.raises(FileExistsError):
        write(result, tmp_path)
    assert files.stems[0].read_bytes() == b"mine now"


def test_stems_of_an_earlier_run_go_and_other_files_stay(
    finish: Callable[..., Result], tmp_path: Path
) -> None:
    write(finish("digit", "piano", "drums"), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "raw" / "component-9.wav").write_bytes(b"mine")
    files = write(finish("digit", "piano"), tmp_path)
    found = {file for file in tmp_path.rglob("*") if file.is_file()}
    assert found == {*files.all, tmp_path / "notes.txt", tmp_path / "raw" / "component-9.wav"}


@pytest.mark.parametrize("name", ["../mine.wav", "/mine.wav", "a/b/c.wav", ""])
def test_a_report_cannot_name_files_elsewhere(
    finish: Callable[..., Result], tmp_path: Path, name: str
) -> None:
    files = write(finish("digit", "piano"), tmp_path / "out")
    (tmp_path / "mine.wav").write_bytes(files.mixture.read_bytes())
    told = json.loads(files.report.read_text())
    told["files"][name] = told["files"]["mixture.wav"]
    files.report.write_text(json.dumps(told))
    write(finish("digit", "piano"), tmp_path / "out")
    assert (tmp_path / "mine.wav").exists()
