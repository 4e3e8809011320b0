"""Networks are in memory once, however often they are asked for."""

from __future__ import annotations

from bssdemo.separation import networks
from bssdemo.separation.pictures import sets


def test_what_is_loaded_twice_is_in_memory_once() -> None:
    """As when the Hub cannot be reached: the page's thread asks for the bundled ones again."""
    first = networks.everything(wait=False)
    sets.everything(wait=False)
    again = networks.everything(wait=False)
    for shelf, other in ((first.priors, again.priors), (first.dense, again.dense)):
        assert all(shelf[name].generator is other[name].generator for name in shelf)
    assert first.share is again.share
