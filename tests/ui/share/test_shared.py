"""What an address asks for, and what of it is left out."""

from __future__ import annotations

import pytest

from bssdemo.search.pgd import PRESETS
from bssdemo.search.sliders import positions
from bssdemo.ui.share.shared import Shared, read

EXAMPLES, TABS = ("digit-piano", "speech-drums"), ("audio", "pictures")


def test_an_address_asks_for_what_there_is() -> None:
    query = {"example": "digit-piano", "preset": "paper", "weights": "1,0,0.5,2,0.25"}
    query |= {"seed": "7", "mode": "watch", "tab": "pictures"}
    assert read(query, EXAMPLES, TABS) == Shared(
        "digit-piano", "paper", (1.0, 0.0, 0.5, 2.0, 0.25), 7, True, "pictures"
    )


def test_a_preset_without_weights_has_its_own() -> None:
    assert read({"preset": "paper"}, EXAMPLES, TABS).weights == positions(PRESETS["paper"])


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"example": "../etc", "preset": "best", "tab": "<script>"},
        {"weights": "1,2,3"},
        {"weights": "1,2,3,4,5,6"},
        {"weights": "1,1,1,1,nan"},
        {"weights": "1,1,1,1,9"},
        {"weights": "a,b,c,d,e"},
        {"seed": "-1", "mode": "fast"},
        {"seed": "2147483648"},
        {"seed": "1e3"},
        {"seed": "²"},
    ],
)
def test_what_cannot_be_is_left_out(query: dict[str, str]) -> None:
    assert read(query, EXAMPLES, TABS) == Shared()
