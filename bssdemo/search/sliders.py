"""The page's five sliders, 0 to 2: beta1 to beta4 of equation 6, and the pull R of equation 1.

A beta is what its slider says. The pull is `WHOLE_PULL` times the slider to the power `PULL_POWER`: 1, the middle,
is the default's pull, and what can be heard of it lies between 0 and a hundredth of that.
"""

from __future__ import annotations

from bssdemo.search.objective import TERMS, Weights
from bssdemo.search.presets import PRESETS, SearchConfig

LEAST, MOST = 0.0, 2.0
NAMES = (*TERMS, "pull")
WHOLE_PULL = PRESETS["balanced"].leash
PULL_POWER = 4


def positions(config: SearchConfig) -> tuple[float, ...]:
    """Where the sliders stand for a search with these settings, in the order of NAMES."""
    weights = config.objective.weights
    return (*(float(getattr(weights, term)) for term in TERMS), float(config.leash > 0))


def weights_at(*values: int | float) -> Weights:
    """What sliders at these positions ask for."""
    spectral, dissociation, coherence, frequency, pull = map(float, values)
    return Weights(spectral, dissociation, coherence, frequency, WHOLE_PULL * pull**PULL_POWER)


def slider_at(weights: Weights, number: int) -> float:
    """Where the slider of this number stands when these weights act; the pull of `leash` None is the default's."""
    if NAMES[number] != "pull":
        return float(getattr(weights, TERMS[number]))
    return 1.0 if weights.leash is None else float((weights.leash / WHOLE_PULL) ** (1 / PULL_POWER))
