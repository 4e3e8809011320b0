"""Finished runs are held for an hour, a bounded number and size of them, each for whoever has its key."""

from __future__ import annotations

import gc
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from bssdemo.ui.audio.examples import Example, find
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.session import Folder
from bssdemo.ui.share import kept
from bssdemo.ui.share.kept import Kept, Run, archive


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def example() -> Example:
    return find()[0]


@pytest.fixture
def outcome(example: Example) -> Outcome:
    found = example.outcome(example.sources)
    assert found is not None
    return replace(found, folder=Folder())


def run(outcome: Outcome) -> Run:
    return Run(replace(outcome, folder=Folder()), None, None)


def test_only_its_key_finds_a_run(outcome: Outcome) -> None:
    store, mine, other = Kept(), run(outcome), run(outcome)
    key = store.keep(mine)
    assert store.find(key) is mine
    assert store.keep(other) != key
    assert [store.find(wrong) for wrong in (None, "", key[:-1], key.swapcase())] == [None] * 4
    assert len(key) >= 32


def test_a_visitors_next_run_takes_the_place_of_the_one_before(outcome: Outcome) -> None:
    store = Kept()
    first = store.keep(run(outcome))
    second = store.keep(run(outcome), instead=first)
    assert store.find(first) is None
    assert store.find(second) is not None
    assert len(store) == 1


def test_a_run_goes_after_an_hour_with_its_files(outcome: Outcome) -> None:
    clock = Clock()
    store = Kept(clock)
    held = run(outcome)
    folder, key = held.outcome.folder, store.keep(held)
    assert folder is not None
    path = folder.path
    del held, folder
    clock.now = kept.MOST_SECONDS
    assert store.find(key) is not None
    clock.now += 1
    gc.collect()
    assert store.find(key) is None
    gc.collect()
    assert not path.exists()


def test_runs_are_bounded_in_number_and_bytes(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_RUNS", 3)
    store = Kept()
    keys = [store.keep(run(outcome)) for _ in range(5)]
    assert [store.find(key) is not None for key in keys] == [False, False, True, True, True]
    monkeypatch.setattr(kept, "MOST_BYTES", 2 * run(outcome).size)
    assert [store.find(key) is not None for key in keys[2:]] == [False, True, True]
    monkeypatch.setattr(kept, "MOST_BYTES", 1)
    assert [store.find(key) is not None for key in keys[2:]] == [False, False, True]


def test_a_runs_bytes_are_its_sound_and_its_files(outcome: Outcome) -> None:
    before = Run(outcome, None, None).size
    assert outcome.folder is not None
    Path(outcome.folder.path, "stem.wav").write_bytes(b"x" * 1000)
    assert Run(outcome, None, None).size == before + 1000


def test_everything_of_a_run_is_packed_again(outcome: Outcome, tmp_path: Path) -> None:
    assert outcome.folder is not None
    Path(outcome.folder.path, "raw").mkdir()
    Path(outcome.folder.path, "raw", "stem.wav").write_bytes(b"sound")
    packed = archive(outcome, tmp_path)
    assert packed is not None
    with zipfile.ZipFile(packed) as stream:
        assert stream.read("raw/stem.wav") == b"sound"
    assert archive(replace(outcome, folder=None), tmp_path) is None
