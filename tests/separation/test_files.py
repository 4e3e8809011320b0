"""The files of a result: the recording again when added up, the same bytes for the same request, all or none."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bssdemo import audio
from bssdemo.separation import METHODS, Heard, Job, Networks, Request, Result, Run, files, prepare, read
from bssdemo.separation.files import Files, refuse_to_overwrite, write
from bssdemo.separation.result import report
from tests.separation.conftest import chord

Prepare = Callable[..., Job]
STEP = 1 / 32_768


@pytest.fixture
def finish(job: Prepare) -> Callable[..., Result]:
    def finished(*args: object, **options: object) -> Result:
        run = Run(job(*args, **options))
        for _ in run:
            pass
        return run.result()

    return finished


def bytes_of(folder: Path) -> dict[str, str]:
    """Every file below the folder by its path in it."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("method", ["gan", "nmf"])
def test_stems_and_residual_are_the_recording_in_every_channel_and_rate(
    finish: Callable[..., Result], tmp_path: Path, rate: int, channels: int, method: str
) -> None:
    soundfile.write(
        tmp_path / "mix.wav", 3 * chord(rate, channels, 0.3), rate, "FLOAT"
    )  # louder than full scale
    heard = read(tmp_path / "mix.wav")
    result = finish(("digit", "piano", "digit"), heard=heard, method=method)
    original = heard.recording.samples
    assert result.channels.shape == (4, *original.shape)
    torch.testing.assert_close(result.channels.sum(0), original, rtol=0, atol=1e-5)
    torch.testing.assert_close(result.refined.sum(0) + result.residual, heard.mono, rtol=0, atol=1e-5)

    written = write(result, tmp_path / "out")
    scale = json.loads(written.report.read_text())["output"]["scale"]
    loud = [audio.read(file) for file in (*written.stems, written.residual)]
    assert {(one.sample_rate, one.samples.shape) for one in loud} == {(rate, original.shape)}
    torch.testing.assert_close(
        sum(one.samples for one in loud), original * scale, rtol=0, atol=0.51 * STEP * len(loud)
    )
    mixture = audio.read(written.mixture).samples
    torch.testing.assert_close(mixture, original * scale, rtol=0, atol=0.51 * STEP)
    for file, estimate in zip(written.raw, result.raw, strict=True):
        one = audio.read(file)
        assert one.sample_rate == 16_000
        torch.testing.assert_close(one.samples[0], estimate * scale, rtol=0, atol=0.51 * STEP)
    peak = max(float(audio.read(file).samples.abs().max()) for file in written.sounds)
    assert peak <= 1.0


def test_the_same_request_gives_the_same_bytes(finish: Callable[..., Result], tmp_path: Path) -> None:
    one, two = (write(finish(starts=2, start="zeros", seed=5), tmp_path / name) for name in "ab")
    first, second = bytes_of(one.folder), bytes_of(two.folder)
    assert first.keys() == second.keys()
    assert {name for name in first if first[name] != second[name]} <= {"report.json"}  # it holds the seconds
    told = [json.loads(files.report.read_text()) for files in (one, two)]
    for report_ in told:
        report_.pop("seconds")
    assert told[0] == told[1]


def test_the_files_are_those_that_are_announced(finish: Callable[..., Result], tmp_path: Path) -> None:
    result = finish(("digit", "digit", "piano"))
    written = write(result, tmp_path / "new" / "folder")
    assert written == Files.of(result.job, tmp_path / "new" / "folder")
    assert set(bytes_of(written.folder)) == {
        "mixture.wav", "digit-1.wav", "digit-2.wav", "piano.wav", "residual.wav",
        "raw/digit-1.wav", "raw/digit-2.wav", "raw/piano.wav", "report.json", "losses.csv", "figure.png",
    }  # fmt: skip
    assert {written.folder / name for name in bytes_of(written.folder)} == set(written.all)
    header, *rows = written.losses.read_text().splitlines()
    assert header == ",".join(["step", "total", *result.losses[0].terms])
    table = [[float(value) for value in row.split(",")] for row in rows]
    assert table == [[loss.step, loss.total, *loss.terms.values()] for loss in result.losses]


def test_an_archive_holds_all_files_under_their_names(finish: Callable[..., Result], tmp_path: Path) -> None:
    written = write(finish(method="pca"), tmp_path / "out")
    with zipfile.ZipFile(files.archive(written, tmp_path / "all.zip")) as archive:
        found = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert found == bytes_of(tmp_path / "out")


SEARCHED = {"preset", "search", "weights_at_end", "sharing"}


@pytest.mark.parametrize(("method", "more"), [("gan", SEARCHED), ("nmf", set())])
def test_the_report_has_exactly_these_keys(
    finish: Callable[..., Result], method: str, more: set[str]
) -> None:
    """Schema 2. Whoever changes them raises SCHEMA and tells docs/guide/files.md."""
    told = json.loads(json.dumps(report(finish(method=method)), allow_nan=False))
    always = {
        "schema", "method", "mixture", "sources", "output", "settings", "terms", "total", "steps", "steps_done",
        "ending", "seconds", "versions", "notes",
    }  # fmt: skip
    assert told.keys() == always | ({"leash"} if more else set())
    assert told["schema"] == 2
    assert told["method"] == method
    assert told["mixture"].keys() == {
        "name", "sample_rate", "channels", "seconds", "window_seconds", "window_starts_seconds",
    }  # fmt: skip
    assert told["output"].keys() == {"format", "scale", "sample_rate", "channels"}
    assert told["settings"].keys() == {"seed", "refine"} | more
    assert told["seconds"].keys() == {"separate", "refine"}
    assert told["versions"].keys() == {"python", "torch", "libsndfile"}
    assert told["total"].keys() == {"start", "end"}
    assert all(ends.keys() == {"start", "end"} for ends in told["terms"].values())
    of_priors = {"prior", "origin", "where", "encoder", "gain"} if more else set()
    assert all(source.keys() == {"name", "label", "file"} | of_priors for source in told["sources"])
    if more:
        assert told["settings"]["search"]["objective"].keys() == {"form", "weights"}


@pytest.mark.parametrize(
    "way", ["plain", "symlink to the folder", "symlink to the file", "dots", "hard link"]
)
@pytest.mark.parametrize("name", ["mixture.wav", "digit.wav", "raw/piano.wav"])
def test_the_recording_is_never_overwritten(job: Prepare, tmp_path: Path, way: str, name: str) -> None:
    folder, recording = tmp_path / "out", tmp_path / "out" / name
    recording.parent.mkdir(parents=True)
    recording.write_bytes(b"mine")
    if way == "symlink to the folder":
        folder = tmp_path / "link"
        folder.symlink_to(tmp_path / "out")
    elif way == "symlink to the file":
        asked, recording = recording, tmp_path / "mine.wav"
        asked.rename(recording)
        asked.symlink_to(recording)
    elif way == "dots":
        folder = tmp_path / "out" / ".." / "out"
    elif way == "hard link":
        (tmp_path / "mine.wav").hardlink_to(recording)
        recording = tmp_path / "mine.wav"
    with pytest.raises(
        ValueError, match=r"would be overwritten by a file of the result; choose another folder"
    ):
        refuse_to_overwrite(recording, job(), folder)
    refuse_to_overwrite(recording, job(), tmp_path / "elsewhere")
    assert recording.read_bytes() == b"mine"


def full_disk(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Writing the `at`-th WAV fails, with part of it written."""
    calls, real = [], audio.writing

    @contextmanager
    def writing(path: Path, *args: object, **options: object) -> Iterator[Callable[[torch.Tensor], None]]:
        calls.append(path)
        number = len(calls)
        with real(path, *args, **options) as append:  # type: ignore[arg-type]
            yield append
        if number == at:
            raise OSError(28, "No space left on device", str(path))

    for place in (audio, audio.files):
        monkeypatch.setattr(place, "writing", writing)


def test_a_full_disk_leaves_nothing_behind(
    finish: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = finish()
    full_disk(monkeypatch, at=3)
    with pytest.raises(OSError, match="No space left"):
        write(result, tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []
    write(result, tmp_path / "new" / "folder")  # there is space again
    assert set((tmp_path / "new" / "folder").iterdir()) >= set(
        Files.of(result.job, tmp_path / "new/folder").stems
    )


def test_a_full_disk_keeps_an_older_result_and_the_files_of_others(
    finish: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = write(finish(method="nmf"), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    before = bytes_of(tmp_path)
    for at in range(1, len(older.sounds) + 1):
        with monkeypatch.context() as patched:
            full_disk(patched, at)
            with pytest.raises(OSError, match="No space left"):
                write(finish(method="nmf", seed=1), tmp_path)
        assert bytes_of(tmp_path) == before
        assert not [place for place in tmp_path.iterdir() if place.name.startswith(".")]


def test_a_folder_in_the_way_of_a_file_changes_nothing(finish: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(OSError, match=r"report\.json"):
        write(finish(method="pca"), tmp_path)
    assert [place.name for place in tmp_path.iterdir()] == ["report.json"]


def test_a_result_replaces_an_older_one_of_the_same_names(
    finish: Callable[..., Result], tmp_path: Path
) -> None:
    write(finish(method="nmf"), tmp_path / "out")
    write(finish(method="nmf", seed=1), tmp_path / "out")
    write(finish(method="nmf", seed=1), tmp_path / "fresh")
    older, fresh = bytes_of(tmp_path / "out"), bytes_of(tmp_path / "fresh")
    assert older.keys() == fresh.keys()
    assert all(older[name] == fresh[name] for name in fresh if name != "report.json")


def test_labels_that_are_no_file_names_are_kept_for_people_only(
    heard: Heard, priors: Networks, tmp_path: Path
) -> None:
    odd = {"../up": priors.priors["digit"], "a/b": priors.priors["piano"]}
    run = Run(prepare(heard, Request(tuple(odd), steps=1), Networks(odd)))
    for _ in run:
        pass
    written = write(run.result(), tmp_path / "out")
    assert [file.name for file in written.stems] == ["up.wav", "a-b.wav"]
    assert [place.name for place in tmp_path.iterdir()] == ["out"]
    told = json.loads(written.report.read_text())["sources"]
    assert [source["label"] for source in told] == ["spoken digits", "piano"]


def test_every_method_is_known_by_a_word_that_can_be_typed() -> None:
    assert all(name == name.lower() and name.isalnum() for name in METHODS)
    assert np.all([method.title and method.about.endswith(".") for method in METHODS.values()])
