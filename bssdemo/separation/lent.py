"""The search on a card that is lent for its length (machine/zero.py): in another process, on copies of the networks.

The networks stay with the processor here, for all that is done beside the search. There each is copied to the card
once. Weights and a stop cross over in memory that both processes see.
"""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import astuple, fields, replace
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.checkpoints.hub import Prior
from bssdemo.machine import precision, zero
from bssdemo.search.objective import Weights
from bssdemo.separation.methods import Controls, Setup, search
from bssdemo.separation.networks import Networks
from bssdemo.snapshot import Snapshot

CARD = "cuda"
VALUES = len(fields(Weights))

_shelf: dict[int, Networks] = {}  # what searches were asked with; a process that is forked later has it too


def snapshots(mix: Float[Tensor, "*batch samples"], setup: Setup, controls: Controls) -> Iterator[Snapshot]:
    """What `methods.search` yields."""
    number = id(setup.networks)
    _shelf[number] = setup.networks
    wire = torch.zeros(1 + VALUES, dtype=torch.float64).share_memory_()
    try:
        _tell(wire, controls, setup)
        for content in _searched(mix, replace(setup, networks=Networks()), number, wire):
            _tell(wire, controls, setup)
            yield pickle.loads(content)
    finally:
        wire[0] = 1  # nobody wants more


@zero.lent
def _searched(
    mix: Float[Tensor, "*batch samples"], setup: Setup, number: int, wire: Float[Tensor, " values"]
) -> Iterator[bytes]:
    """Snapshots by value: a tensor would keep a file open until it is looked at, and the search runs ahead."""
    controls = Controls(lambda: _told(wire), lambda: bool(wire[0]))
    for snapshot in search(mix, replace(setup, networks=_moved(number)), controls):
        yield pickle.dumps(snapshot)


def _tell(wire: Float[Tensor, " values"], controls: Controls, setup: Setup) -> None:
    weights = setup.config.objective.weights if controls.weights is None else controls.weights()
    values = [math.nan if value is None else value for value in astuple(weights)]
    wire[1:] = torch.tensor(values, dtype=wire.dtype)
    if controls.stop is not None and controls.stop():
        wire[0] = 1


def _told(wire: Float[Tensor, " values"]) -> Weights:
    spectral, dissociation, coherence, frequency, leash = wire[1:].tolist()
    return Weights(spectral, dissociation, coherence, frequency, None if math.isnan(leash) else leash)


@lru_cache(maxsize=1)
def _moved(number: int) -> Networks:
    """The networks of this number as the search needs them, on the card."""
    found = _shelf[number]
    return replace(found, priors=_copies(found.priors), dense=_copies(found.dense))


def _copies(priors: Mapping[str, Prior]) -> dict[str, Prior]:
    return {name: _copy(prior) for name, prior in priors.items()}


def _copy(prior: Prior) -> Prior:
    generator = prior.generator.frozen_copy(CARD, precision.for_search())
    encoder = None if prior.encoder is None else copy.deepcopy(prior.encoder).to(CARD)
    return replace(prior, generator=generator, encoder=encoder)
