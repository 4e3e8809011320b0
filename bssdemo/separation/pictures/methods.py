"""Every separator of pictures by name, under one signature: mixtures -> iterator of snapshots.

A further one is one file that holds the algorithm and one line in `METHODS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.baselines import glo, rpca
from bssdemo.baselines.glo import GloConfig
from bssdemo.snapshot import PictureSnapshot
from bssdemo.unmix import cycle
from bssdemo.unmix.cycle import Mask

UNMIX, SUPERVISED = "unmix", "supervised"  # the methods that work with a network of the set
Stop = Callable[[], bool]


@dataclass(frozen=True)
class PictureSetup:
    """What a separator is told beside the mixtures.

    `network` is the set's that serves the method. `others` are further mixtures of the same kinds, for a method
    that learns from the very mixtures it is given.
    """

    network: Mask | None = None
    others: Float[Tensor, "m channels size size"] | None = None
    glo: GloConfig = field(default_factory=GloConfig)
    seed: int = 0


# any number of mixtures; the last snapshot is `done` and holds the answer, also after `stop()`
Separate = Callable[
    [Float[Tensor, "n channels size size"], PictureSetup, Stop | None], Iterator[PictureSnapshot]
]


@dataclass(frozen=True)
class PictureMethod:
    """One way to separate; `named`: by a network of the set, whose sources have names and an order."""

    title: str
    separate: Separate
    named: bool = False


def mask_network(
    mixtures: Float[Tensor, "n channels size size"], setup: PictureSetup, stop: Stop | None
) -> Iterator[PictureSnapshot]:
    """One pass, no steps."""
    assert setup.network is not None, "a request without one is refused"
    return cycle.separate(mixtures, setup.network)


def robust_pca(
    mixtures: Float[Tensor, "n channels size size"], setup: PictureSetup, stop: Stop | None
) -> Iterator[PictureSnapshot]:
    """Every picture by itself."""
    return rpca.separate(mixtures, stop=stop)


def latent_optimisation(
    mixtures: Float[Tensor, "n channels size size"], setup: PictureSetup, stop: Stop | None
) -> Iterator[PictureSnapshot]:
    """Two generators fitted to the mixtures and, beside them, to `setup.others`."""
    count = len(mixtures)
    fitted = mixtures if setup.others is None else torch.cat([mixtures, setup.others])
    for snapshot in glo.separate(fitted, setup.glo, seed=setup.seed, stop=stop):
        yield replace(
            snapshot,
            terms={name: values[:count] for name, values in snapshot.terms.items()},
            total=snapshot.total[:count],
            estimates=snapshot.estimates[:count],
        )


METHODS: dict[str, PictureMethod] = {
    UNMIX: PictureMethod("Unmix-and-remix", mask_network, named=True),
    SUPERVISED: PictureMethod("Supervised twin", mask_network, named=True),
    "rpca": PictureMethod("Robust PCA", robust_pca),
    "glo": PictureMethod("GLO", latent_optimisation),
}
BASELINES = tuple(name for name, method in METHODS.items() if not method.named)
