from __future__ import annotations

from bssdemo.separation import Networks
from bssdemo.ui.networks import PACE, warm_up


def test_warming_up_measures_this_machine(loaded: Networks) -> None:
    assert 0 < warm_up(loaded) != PACE
    assert warm_up(Networks()) == PACE
