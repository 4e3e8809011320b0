"""Which kinds of sound a recording seems to hold: a first proposal, made by the tagger or the encoders in a moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bssdemo.separation.heard import Heard
from bssdemo.separation.networks import Networks
from bssdemo.separation.presence import HEARD_AS, confidence, least

MOST_WINDOWS = 8  # of a recording that are listened to, evenly spread
SURE = 0.8  # least confidence, in the surest windows, of a source that is proposed (docs/log.md)
SUREST = 2  # so many windows: one may be mistaken
MOST_PROPOSED = 3


@dataclass(frozen=True)
class Confidence:
    """How sure a network is, from 0 to 1, that a source is there: its mean over the surest windows.

    `found`: whether any window holds it, at least perhaps.
    """

    sure: float
    found: bool


def listened(heard: Heard, networks: Networks) -> dict[str, Confidence]:
    """For every prior of which a network can tell, how sure it is that its source is there."""
    priors = list(networks.priors.values())
    told = confidence(heard, priors, networks.tags, MOST_WINDOWS)
    return {
        prior.name: Confidence(
            float(windows.topk(min(SUREST, len(windows))).values.mean()),
            float(windows.max()) >= least(prior, networks.tags, len(windows)),
        )
        for prior, windows in zip(priors, told, strict=True)
        if windows is not None
    }


def proposed(sure: Mapping[str, Confidence]) -> tuple[str, ...]:
    """The sources to tick, surest first. What is heard as another kind, a digit as speech, is proposed as that one."""
    names = [name for name, one in sure.items() if one.sure >= SURE and HEARD_AS.get(name) not in sure]
    return tuple(sorted(names, key=lambda name: -sure[name].sure)[:MOST_PROPOSED])


def unheard(sure: Mapping[str, Confidence], ticked: Collection[str]) -> tuple[str, ...]:
    """Those of the ticked sources that are not to be heard in the recording."""
    return tuple(name for name in ticked if name in sure and not sure[name].found)
