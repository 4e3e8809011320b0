"""What somebody asks for, checked in plain words, and the job that it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from bssdemo.search.long import LONG, for_length
from bssdemo.search.objective import Weights
from bssdemo.search.pgd import PRESETS, SearchConfig
from bssdemo.separation.heard import Heard
from bssdemo.separation.methods import METHODS, SEARCH, Method, Setup
from bssdemo.separation.names import file_names, numbered
from bssdemo.separation.networks import Networks
from bssdemo.separation.sharing import Sharing, sharing

T = TypeVar("T")

FEWEST_COMPONENTS = 2  # of a method that knows no kinds: one component is the mixture
STARTS: dict[str, Literal["zeros", "encoder", "random"]] = {"zeros": "zeros", "encoder": "encoder"}
SHARINGS = ("network", "plain")
WATCHED_STEPS = 72
MOST_SEED = 2**31 - 1
GAINS: dict[str, Literal["fixed", "estimated"]] = {"fixed": "fixed", "estimated": "estimated"}


@dataclass(frozen=True)
class Limits:
    """The most that one asker may have of the machine; with `shorten` a long recording is searched in fewer steps
    even where more were asked for."""

    sources: int
    steps: int
    starts: int
    shorten: bool


ALONE = Limits(sources=8, steps=1_000_000, starts=1_000, shorten=False)  # a person at their own machine
SHARED = Limits(
    sources=4, steps=2000, starts=8, shorten=True
)  # a visitor of the page, a client of the endpoints


@dataclass(frozen=True)
class Request:
    """What is asked for. None means the preset's own value.

    `sources`: one name per stem, repeated for two of a kind. A method that knows no kinds only counts them.
    `sharing`: how the mixture is shared out among the estimates, by the share network where there is one, or
    "plain", by the formula alone. A baseline's components are always shared out by the formula.
    `watch`: the search is to be looked at. It begins at nothing, and a short recording's takes at least WATCHED_STEPS
    steps, smaller in proportion: it goes as far, in more pictures. Whoever shows it may slow it.
    """

    sources: tuple[str, ...]
    method: str = SEARCH
    preset: str = "balanced"
    weights: Weights | None = None
    steps: int | float | None = None
    learning_rate: int | float | None = None
    starts: int | float | None = None
    start: str | None = None
    gain: str | None = None
    sharing: str = "network"
    seed: int = 0
    watch: bool = False


@dataclass(frozen=True, eq=False)
class Job:
    """One separation, ready to run; made by `prepare`."""

    heard: Heard
    request: Request
    method: Method
    setup: Setup
    names: tuple[str, ...]  # of the stems, as in files
    labels: tuple[str, ...]  # the same for people
    notes: tuple[str, ...]  # in plain words, what a person should know beforehand, each once

    @property
    def sharing(self) -> Sharing:
        """What the recording is shared out by."""
        if not self.searches:
            return Sharing()
        setup, by_network = self.setup, self.request.sharing == "network"
        priors = setup.networks.serving(setup.sources, setup.config.objective.form)
        return sharing(setup.networks, tuple(priors), by_network, setup.config.hears)

    @property
    def searches(self) -> bool:
        """Whether it is the search in the priors' latent spaces, whose weights may change in mid-run."""
        return self.request.method == SEARCH


def prepare(heard: Heard, request: Request, networks: Networks, limits: Limits = ALONE) -> Job:
    """Check a request against a recording. Raises ValueError with a sentence for the person who asked."""
    method, sources = METHODS.get(request.method), request.sources
    if method is None:
        raise ValueError(f"There is no method called {request.method}. Available: {', '.join(METHODS)}.")
    if not sources:
        raise ValueError("Tick at least one source: the search needs to know what to look for.")
    if len(sources) > limits.sources:
        raise ValueError(f"At most {limits.sources} sources at once, please: {len(sources)} are chosen.")
    if not method.named and len(sources) < FEWEST_COMPONENTS:
        raise ValueError(
            f"{method.title} shares a mixture out among {FEWEST_COMPONENTS} to {limits.sources} sources, not 1."
        )
    if refused := method.lacking(sources, networks):
        raise ValueError(refused)
    if refused := too_long(method, heard.seconds):
        raise ValueError(refused)
    if not 0 <= request.seed <= MOST_SEED:
        raise ValueError(f"The seed must lie between 0 and {MOST_SEED}, got {request.seed}.")
    if request.sharing not in SHARINGS:
        raise ValueError(f"There is no sharing called {request.sharing}. Available: {', '.join(SHARINGS)}.")
    config = configure(request, limits)
    if request.watch and len(heard.mono) <= LONG:
        config = in_more_steps(config)
    fitted = _fitted(config, request, limits, len(heard.mono))
    names = sources if method.named else tuple(f"component-{k + 1}" for k in range(len(sources)))
    labels = (
        [networks.label(name) for name in sources] if method.named else [n.replace("-", " ") for n in names]
    )
    notes: list[str | None] = [*heard.notes]
    if request.method == SEARCH:
        notes += [_shortened(config, fitted), _without_encoder(fitted, sources, networks)]
        notes += [networks.priors[name].note for name in sources]
    elif method.named:
        notes.append(method.about)
    else:
        notes.append(f"{method.title} does not know which component is which source: they have no names.")
    return Job(
        heard,
        request,
        method,
        Setup(sources, networks, fitted, request.seed, windows=heard.windows),
        file_names(names),
        numbered(labels, between=" "),
        tuple(dict.fromkeys(note for note in notes if note)),
    )


def too_long(method: Method, seconds: float) -> str | None:
    """In plain words, that a method does not take so much recording."""
    if method.most_seconds is None or seconds <= method.most_seconds:
        return None
    return f"{method.title} takes at most {method.most_seconds:.0f} s of recording; this one lasts {seconds:.1f} s."


def configure(request: Request, limits: Limits = ALONE) -> SearchConfig:
    """The preset's settings with those changed that are given. Raises ValueError with a sentence."""
    if request.preset not in PRESETS:
        raise ValueError(f"There is no preset called {request.preset}. Available: {', '.join(PRESETS)}.")
    preset = PRESETS[request.preset]
    steps = preset.steps if request.steps is None else request.steps
    starts = preset.starts if request.starts is None else request.starts
    rate = preset.learning_rate if request.learning_rate is None else request.learning_rate
    start = preset.start if request.start is None else _one_of(STARTS, request.start, "start")
    start = "zeros" if request.watch else start
    gain = preset.gain if request.gain is None else _one_of(GAINS, request.gain, "gain")
    for what, asked, most in (("steps", steps, limits.steps), ("starts", starts, limits.starts)):
        if not 1 <= asked <= most or asked != int(asked):
            raise ValueError(f"The number of {what} must lie between 1 and {most} and be whole.")
    if not 0 < rate <= 1:
        raise ValueError("The learning rate must lie above 0 and be at most 1.")
    objective = preset.objective
    if request.weights is not None:
        objective = replace(objective, weights=request.weights)
    return replace(
        preset,
        objective=objective,
        steps=int(steps),
        learning_rate=float(rate),
        starts=int(starts),
        start=start,
        gain=gain,
    )


def in_more_steps(config: SearchConfig) -> SearchConfig:
    """The same way in at least WATCHED_STEPS steps, each as much smaller as there are more of them."""
    steps = max(config.steps, WATCHED_STEPS)
    return replace(config, steps=steps, learning_rate=config.learning_rate * config.steps / steps)


def _one_of(choices: Mapping[str, T], asked: str, what: str) -> T:
    if asked not in choices:
        raise ValueError(f"There is no {what} called {asked}. Available: {', '.join(choices)}.")
    return choices[asked]


def _fitted(config: SearchConfig, request: Request, limits: Limits, samples: int) -> SearchConfig:
    """What a recording of this length is searched with; what was asked for stays where the asker is alone."""
    short = for_length(config, samples)
    if limits.shorten:
        return short
    steps = short.steps if request.steps is None else config.steps
    starts = short.starts if request.starts is None else config.starts
    return replace(short, steps=steps, starts=starts, explore=config.explore if starts > 1 else short.explore)


def _shortened(asked: SearchConfig, fitted: SearchConfig) -> str | None:
    """What a long recording is searched with, where that is not what was asked for."""
    steps = None if fitted.steps == asked.steps else f"in {fitted.steps} steps"
    starts = None if fitted.starts == asked.starts else "from one start"
    changes = " ".join(filter(None, (steps, starts)))
    return f"A recording of this length is searched {changes}." if changes else None


def _without_encoder(config: SearchConfig, sources: Sequence[str], networks: Networks) -> str | None:
    """Which sources have no first guess although the search was to have one."""
    lacking = [
        networks.label(name) for name in dict.fromkeys(sources) if networks.priors[name].encoder is None
    ]
    if not (config.hears and lacking):
        return None
    return f"There is no encoder for {', '.join(lacking)} yet: its sound is searched without a first guess."
