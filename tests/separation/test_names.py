"""Names of stems as laws: never two the same, never the mixture's, never outside the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bssdemo.separation.names import MIXTURE, RESIDUAL, file_names, numbered

# anything, and what is likely to meet: the same words, numbered, in capitals, with what is not allowed in files
ODD = (
    "../digit",
    "/etc/passwd",
    "..",
    ".",
    "-",
    "",
    "a/b",
    "a\\b",
    "a b",
    "nul\0",
    "é",
    "e\u0301",
    "x" * 300,
)
LIKELY = (
    "digit",
    "Digit",
    "digit-1",
    "digit-2",
    "DIGIT-1",
    "mixture",
    "Mixture",
    "mixture-1",
    "residual",
    "source",
)
WORDS = st.sampled_from((*LIKELY, *ODD))
NAMES = st.lists(st.one_of(WORDS, st.text(max_size=8)), min_size=1, max_size=8)


@given(NAMES)
def test_no_two_files_are_one_and_none_is_the_mixtures(names: list[str]) -> None:
    files = file_names(names)
    assert len(files) == len(names)
    told_apart = {name.casefold() for name in files}  # also on a disk that ignores capitals
    assert len(told_apart) == len(names)
    assert not told_apart & {MIXTURE, RESIDUAL}


@given(NAMES)
def test_a_file_stays_in_its_folder_and_can_be_written(names: list[str]) -> None:
    folder = Path("/results")
    for name in file_names(names):
        file = folder / f"{name}.wav"
        assert file.parent == folder
        assert file.resolve() == file
        assert not name.startswith(".")
        assert len(file.name.encode()) <= 255
        assert name.isprintable()


@given(NAMES)
def test_numbering_changes_only_what_repeats_and_keeps_the_order(names: list[str]) -> None:
    given_names = numbered(names)
    assert len({name.casefold() for name in given_names}) == len(names)
    folded = [name.casefold() for name in names]
    for before, after in zip(names, given_names, strict=True):
        assert after.startswith(before)
        assert (after == before) == (folded.count(before.casefold()) == 1)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["digit", "piano"], ("digit", "piano")),
        (["digit", "piano", "digit"], ("digit-1", "piano", "digit-2")),
        (["digit", "digit-1", "digit"], ("digit-2", "digit-1", "digit-3")),
        (["mixture", "digit"], ("mixture-1", "digit")),
        (["residual", "mixture-1", "mixture"], ("residual-1", "mixture-1", "mixture-2")),
        (["Drum hits / brushes", ".."], ("Drum-hits-brushes", "source")),
        (["a/b", "a b"], ("a-b-1", "a-b-2")),
    ],
)
def test_examples(names: list[str], expected: tuple[str, ...]) -> None:
    assert file_names(names) == expected


def test_labels_are_numbered_with_a_space() -> None:
    assert numbered(["piano", "piano", "drum hits"], between=" ") == ("piano 1", "piano 2", "drum hits")
