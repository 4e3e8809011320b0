"""Hostile files are read or refused in plain words; tests/hostile.py runs each in a process of its own as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile import cases, tried

CASES = cases()


def test_there_are_enough_of_them_and_every_one_has_its_name() -> None:
    names = [(case.kind, case.name) for case in CASES]
    assert len(set(names)) == len(names) >= 120


@pytest.mark.parametrize("part", range(8))
def test_hostile_files_are_read_or_refused_in_plain_words(tmp_path: Path, part: int) -> None:
    for number, case in enumerate(CASES[part::8]):
        if not case.slow:
            (tmp_path / str(number)).mkdir()
            try:
                tried(case, tmp_path / str(number))
            except Exception as error:
                raise AssertionError(f"{case.name}: {error!r}") from error
