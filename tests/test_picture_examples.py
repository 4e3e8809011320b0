"""The bundled example pictures: as the networks want them, averages that are averages, credited, small."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SETS = {"mnist": ("L", 28), "fashion": ("L", 28), "shoes-bags": ("RGB", 64)}
LARGEST_BYTES = 150_000  # of all three


@pytest.mark.parametrize("name", SETS)
def test_mixtures_are_the_averages_of_two_pictures_of_the_right_kind(name: str) -> None:
    folder = EXAMPLES / "pictures" / name
    told = json.loads((folder / "pictures.json").read_text(encoding="utf-8"))
    assert len(told["kinds"]) == 2
    assert told["attribution"].strip()
    numbers = range(1, len(told["titles"]) + 1)
    assert len(numbers) >= 4
    kinds = ("first", "second", "mixture")
    assert {path.name for path in folder.glob("*.png")} == {
        f"{kind}-{n}.png" for kind in kinds for n in numbers
    }
    for number in numbers:
        opened = [Image.open(folder / f"{kind}-{number}.png") for kind in kinds]
        assert all(
            picture.mode == SETS[name][0] and picture.size == 2 * (SETS[name][1],) for picture in opened
        )
        first, second, mixture = (np.asarray(picture).astype(int) for picture in opened)
        np.testing.assert_array_equal(mixture, (first + second) // 2)
        assert first.std() > 10
        assert second.std() > 10


def test_digits_stand_where_their_kind_says() -> None:
    told = json.loads((EXAMPLES / "pictures/mnist/pictures.json").read_text(encoding="utf-8"))
    assert told["kinds"] == ["digits 0-4", "digits 5-9"]
    assert all(int(first) <= 4 < int(second) for first, second in told["titles"])


def test_the_pictures_are_credited_and_small() -> None:
    text = (EXAMPLES / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for name in SETS:
        assert f"`pictures/{name}/" in text
    files = [path for path in (EXAMPLES / "pictures").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST_BYTES
