"""A stem, or everything without it, as a file that carries the recording's name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bssdemo.ui.audio import examples
from bssdemo.ui.audio.downloads import choices, write
from bssdemo.ui.audio.outcome import Outcome


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    found = next(one for one in examples.find() if one.slug == "digit-piano").outcome(
        ["spoken digits", "piano"]
    )
    assert found is not None
    return found


def test_every_stem_can_be_had_alone_and_left_out(outcome: Outcome) -> None:
    told = dict(choices(outcome))
    assert list(told) == ["Spoken digits", "Piano", "All but spoken digits", "All but piano"]


@pytest.mark.parametrize("form", ["wav", "flac"])
def test_a_stem_and_everything_without_it_add_up_to_the_whole(
    outcome: Outcome, form: str, tmp_path: Path
) -> None:
    only = write(outcome, "refined", "only 1", form, tmp_path)
    without = write(outcome, "refined", "without 1", form, tmp_path)
    assert (only.name, without.name) == (f"digit-piano-piano.{form}", f"digit-piano-without-piano.{form}")
    files = [*outcome.stems["refined"], outcome.residual]
    whole = sum(soundfile.read(file, dtype="int16")[0].astype(int) for file in files)
    parts = [soundfile.read(file, dtype="int16")[0].astype(int) for file in (only, without)]
    np.testing.assert_array_equal(sum(parts), whole)


def test_what_is_not_in_the_list_is_refused(outcome: Outcome, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Choose one"):
        write(outcome, "refined", "only 7", "wav", tmp_path)
