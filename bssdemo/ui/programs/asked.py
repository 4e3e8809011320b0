"""What a program asks for in words and numbers, as a request; every refusal is a sentence. ValueError carries it."""

from __future__ import annotations

from bssdemo.search.objective import Weights
from bssdemo.search.pgd import PRESETS
from bssdemo.search.sliders import LEAST, MOST, NAMES, positions, weights_at
from bssdemo.separation import METHODS, Heard, Networks, Request
from bssdemo.separation.guess import listened, proposed
from bssdemo.separation.methods import SEARCH
from bssdemo.separation.request import FEWEST_COMPONENTS, SHARED

GUESS = "guess"  # in place of the sources' names
NOTHING_HEARD = "No source is heard clearly enough to guess. Name what the recording holds: {}."


def names(sources: str) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(name.strip() for name in sources.split(",") if name.strip())


def sought(sources: str, heard: Heard, networks: Networks) -> tuple[str, ...]:
    """The named sources or, for "guess", those that the encoders hear. Raises ValueError where they hear none."""
    if sources.strip().lower() != GUESS:
        return names(sources)
    found = proposed(listened(heard, networks))
    if not found:
        raise ValueError(NOTHING_HEARD.format(", ".join(networks.priors)))
    return found


def weighted(preset: str, **given: float | None) -> Weights | None:
    """The preset's weights with those changed that are given, by their terms' names; None where none is given.

    They are as the page's sliders. Raises ValueError.
    """
    changed = {name: float(value) for name, value in given.items() if value is not None}
    for name, value in changed.items():
        if not LEAST <= value <= MOST:
            raise ValueError(f"The weight {name} must lie between {LEAST:g} and {MOST:g}, got {value:g}.")
    if not changed or preset not in PRESETS:  # what is no preset is refused with the request
        return None
    stood = dict(zip(NAMES, positions(PRESETS[preset]), strict=True))
    return weights_at(*(stood | changed).values())


def comparison(method: str, sources: str, networks: Networks, seed: int = 0) -> Request:
    """A request to a method that searches no priors; `sources` are names, or how many there are."""
    asked = names(sources)
    if len(asked) == 1 and asked[0].isdecimal() and len(asked[0]) < 4:
        asked = ("component",) * min(int(asked[0]), SHARED.sources + 1)
    chosen = METHODS.get(method)
    if chosen is None or method == SEARCH:
        others = ", ".join(name for name in METHODS if name != SEARCH)
        raise ValueError(f"There is no method called {method}. Available: {others}.")
    if not FEWEST_COMPONENTS <= len(asked) <= SHARED.sources:
        raise ValueError(
            f"{chosen.title} shares a mixture out among {FEWEST_COMPONENTS} to {SHARED.sources} sources, "
            f"not {sources.strip() or 'none'}."
        )
    if refused := chosen.lacking(asked, networks):
        pairs = " or ".join(",".join(one.sources) for one in networks.unmixers)
        raise ValueError(f"{refused} Name them: {pairs}." if chosen.named and pairs else refused)
    return Request(asked, method, seed=seed)
