"""Every separator by name, under one signature: mixture -> iterator of snapshots.

A further one is one file that holds the algorithm and one line in `METHODS`. The board, the command, the files,
the scores and the tables take it from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo import audio
from bssdemo.audio.windows import Layout
from bssdemo.baselines import dap, factorisation
from bssdemo.search.long import separate_long
from bssdemo.search.objective import Weights
from bssdemo.search.pgd import PRESETS, SearchConfig, separate
from bssdemo.separation.networks import Networks, priors_of, unmixer_of
from bssdemo.snapshot import Snapshot
from bssdemo.unmix import sound

SEARCH, UNMIX = "gan", "unmix"  # the two methods of ours, by name


@dataclass(frozen=True)
class Setup:
    """What a separator is told, whoever asks: `sources` holds one name per stem, a name repeated is two of a kind.

    `seed` decides everything random. In a batch, example i is number `first` + i of its series, and its
    randomness depends on (seed, that number), never on the batch. `level_known`: the mixture is a plain sum of
    peak-normalised sources, as in the 2020 paper; else it may be at any level. `windows` of a single recording,
    if they are laid out already.
    """

    sources: tuple[str, ...]
    networks: Networks
    config: SearchConfig = PRESETS["balanced"]
    seed: int = 0
    first: int = 0
    level_known: bool = False
    windows: Layout | None = None


@dataclass(frozen=True)
class Controls:
    """What may change while a separator runs: asked before every step."""

    weights: Callable[[], Weights] | None = None
    stop: Callable[[], bool] | None = None


# mono at 16 kHz, one mixture or a batch; the last snapshot is `done` and holds the answer, also after `stop()`
Separate = Callable[[Float[Tensor, "*batch samples"], Setup, Controls], Iterator[Snapshot]]


def any_sources(sources: Sequence[str], networks: Networks) -> str | None:
    """A method that needs to know nothing of its sources lacks nothing."""
    return None


@dataclass(frozen=True)
class Method:
    """One way to separate, as people meet it: title, one sentence, and what it needs.

    `named`: its stems come in the order of the sources; else they are components in no order.
    `lacking` says in plain words why it cannot take these sources, or None. `most_seconds` of a recording is
    what it does in bearable time. `load` reads the networks that it works with, for these sources and from this
    folder first; None: it works without any.
    """

    title: str
    about: str
    separate: Separate
    named: bool = False
    most_seconds: float | None = None
    lacking: Callable[[Sequence[str], Networks], str | None] = any_sources
    load: Callable[[Sequence[str], Path | None], Networks] | None = None


def search(mix: Float[Tensor, "*batch samples"], setup: Setup, controls: Controls) -> Iterator[Snapshot]:
    """The priors' latent spaces; a batch is of single windows, one mixture may have any length."""
    priors = setup.networks.serving(setup.sources, setup.config.objective.form)
    generators, encoders = [one.generator for one in priors], [one.encoder for one in priors]
    if mix.dim() == 1:
        random = torch.Generator().manual_seed(setup.seed)
        yield from separate_long(
            mix, generators, setup.config, encoders=encoders, generator=random,
            weights=controls.weights, stop=controls.stop, layout=setup.windows,
        )  # fmt: skip
        return
    level = _level(mix, setup)
    numbers = range(setup.first, setup.first + len(mix))
    seeded = [torch.Generator().manual_seed((setup.seed << 32) + number) for number in numbers]
    for snapshot in separate(
        mix * level, generators, setup.config, encoders=encoders, generator=seeded,
        weights=controls.weights, stop=controls.stop,
    ):  # fmt: skip
        yield replace(snapshot, estimates=snapshot.estimates / level[..., None])


def unmix(mix: Float[Tensor, "*batch samples"], setup: Setup, controls: Controls) -> Iterator[Snapshot]:
    """The mask network for these two kinds of sound; AudioError for silence."""
    unmixer = setup.networks.unmixer(setup.sources)
    assert unmixer is not None, "a request for it is refused"
    order = [unmixer.sources.index(name) for name in setup.sources]
    batch = mix.reshape(-1, mix.shape[-1])
    if mix.dim() == 1 and audio.is_silent(mix, audio.pause_level(mix)):
        raise audio.AudioError("the recording is silent; choose one with sound in it")
    level = _level(batch, setup)
    for snapshot in sound.separate(batch * level, unmixer.network):
        estimates = snapshot.estimates[:, order] / level[..., None]
        yield replace(
            snapshot,
            total=snapshot.total.reshape(mix.shape[:-1]),
            estimates=estimates.reshape(*mix.shape[:-1], len(order), -1),
        )


def _level(mix: Float[Tensor, "B samples"], setup: Setup) -> Float[Tensor, "B 1"]:
    """Factors that bring every mixture to the level of a plain sum of peak-normalised clips."""
    peak = mix.abs().amax(-1, keepdim=True)
    return torch.ones_like(peak) if setup.level_known else audio.peak_of_sum(len(setup.sources)) / peak


def _no_prior(sources: Sequence[str], networks: Networks) -> str | None:
    missing = sorted(set(sources) - set(networks.priors))
    if not missing:
        return None
    return (
        f"There is no source called {', '.join(missing)}. Available: {', '.join(networks.priors) or 'none'}."
    )


def _no_unmixer(sources: Sequence[str], networks: Networks) -> str | None:
    if networks.unmixer(sources) is not None:
        return None
    if not networks.unmixers:
        return "Unmix-and-remix has no trained network here; docs/guide/unmix.md tells how to train one."
    pairs = ", or ".join(networks.pair(one) for one in networks.unmixers)
    return f"Unmix-and-remix has no network for these sources, only for {pairs}."


def _unnamed(separate: Callable[..., Iterator[Snapshot]]) -> Separate:
    """An algorithm that knows nothing of its sources but their number."""

    def run(mix: Float[Tensor, "*batch samples"], setup: Setup, controls: Controls) -> Iterator[Snapshot]:
        return separate(mix, len(setup.sources), seed=setup.seed, stop=controls.stop)

    return run


METHODS: dict[str, Method] = {
    SEARCH: Method(
        "GAN priors",
        "Searches one generator per kind of source for sounds that add up to the mixture.",
        search,
        named=True,
        lacking=_no_prior,
        load=priors_of,
    ),
    UNMIX: Method(
        "Unmix-and-remix",
        "A mask network trained on mixtures of these two kinds alone, never on one of them by itself: it knows "
        "only recordings like those it was trained on, and docs/guide/unmix.md has its scores.",
        unmix,
        named=True,
        lacking=_no_unmixer,
        load=unmixer_of,
    ),
    "fastica": Method(
        "FastICA",
        "Splits the spectrogram into spectra whose loudness over time is statistically independent.",
        _unnamed(factorisation.SEPARATORS["fastica"]),
    ),
    "pca": Method(
        "PCA",
        "Splits the spectrogram along the uncorrelated directions in which it varies most.",
        _unnamed(factorisation.SEPARATORS["pca"]),
    ),
    "kernelpca": Method(
        "Kernel PCA",
        "Does what PCA does after a non-linear map of every frame, and maps the components back.",
        _unnamed(factorisation.SEPARATORS["kernelpca"]),
        most_seconds=20.0,  # 18 s of work, which grows with the cube of the length
    ),
    "nmf": Method(
        "NMF",
        "Explains the spectrogram as a sum of fixed spectra that only get louder and softer.",
        _unnamed(factorisation.SEPARATORS["nmf"]),
    ),
    "dap": Method(
        "Deep Audio Prior",
        "Fits untrained networks, one for the sound and one for the mask of every source, to this mixture alone.",
        _unnamed(dap.separate),
        most_seconds=10.0,  # 80 s of work
    ),
}
BASELINES = (
    "fastica",
    "pca",
    "kernelpca",
    "nmf",
    "dap",
)  # what the 2020 paper compares with; they know no kinds
