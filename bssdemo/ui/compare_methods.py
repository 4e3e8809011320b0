"""Which methods a run can be compared with: every baseline, and Unmix-and-remix where a network knows its sources."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bssdemo.baselines.catalogue import BASELINES, Baseline
from bssdemo.offline import MOST_SECONDS
from bssdemo.ui.job import MOST_SOURCES
from bssdemo.ui.shelf import Shelf
from bssdemo.unmix.method import ABOUT, NAME, TITLE, method

UNMIX = NAME
WORDS: Mapping[str, tuple[str, str]] = {  # method -> (title, about)
    UNMIX: (TITLE, ABOUT),
    **{key: (baseline.title, baseline.about) for key, baseline in BASELINES.items()},
}
FEWEST_SOURCES = 2
LONGEST: Mapping[str, float] = {  # seconds of recording that a method takes in bearable time
    "kernelpca": 20.0,  # 18 s of work, which grows with the cube of the length
    "dap": 10.0,  # 80 s of work
}


def catalogue(sources: Sequence[str], shelf: Shelf) -> Mapping[str, Baseline]:
    """The methods for a mixture of these priors' sounds."""
    unmixer = shelf.unmixer(sources)
    return BASELINES if unmixer is None else {UNMIX: method(unmixer, sources), **BASELINES}


def component_names(key: str, labels: Sequence[str]) -> tuple[str, ...]:
    """What a method's components are called: Unmix-and-remix alone knows which is which."""
    return tuple(labels) if key == UNMIX else tuple(f"component {k + 1}" for k in range(len(labels)))


def lacking(sources: Sequence[str], shelf: Shelf) -> str | None:
    """In plain words, that Unmix-and-remix does not know these sources, and which it does."""
    if shelf.unmixer(sources) is not None:
        return None
    if not shelf.unmixers:
        return f"{TITLE} has no trained network here; docs/unmix.md tells how to train one."
    pairs = ", or ".join(shelf.pair(unmixer) for unmixer in shelf.unmixers)
    return f"{TITLE} has no network for these sources, only for {pairs}."


def offered(methods: Collection[str], seconds: float) -> list[str]:
    """Those that take a recording of this length."""
    return [key for key in methods if seconds <= LONGEST.get(key, MOST_SECONDS)]


def left_out(seconds: float) -> str | None:
    """In plain words, which methods do not take it."""
    missing = [key for key in LONGEST if not offered([key], seconds)]
    said = [f"{WORDS[key][0]} takes at most {LONGEST[key]:.0f} s of recording" for key in missing]
    return f"{' and '.join(said)}; this one lasts {seconds:.1f} s." if said else None


def check(chosen: Collection[str], methods: Collection[str], sources: int, seconds: float) -> None:
    """Raises ValueError, with a sentence for the visitor, for what cannot be compared."""
    if not chosen:
        raise ValueError("Tick at least one method to compare with.")
    unknown = [key for key in chosen if key not in methods]
    if unknown:
        raise ValueError(f"There is no method called {', '.join(unknown)}. Available: {', '.join(methods)}.")
    if not FEWEST_SOURCES <= sources <= MOST_SOURCES:
        raise ValueError(
            f"These methods share a mixture out among {FEWEST_SOURCES} to {MOST_SOURCES} sources, not {sources}."
        )
    refused = left_out(seconds)
    if refused and not set(chosen) <= set(offered(methods, seconds)):
        raise ValueError(refused)
