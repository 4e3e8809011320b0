"""The one shape every separator yields, ours or a baseline: one board, command and benchmark serve them all.

Separators of sound yield `Snapshot`, those of pictures `PictureSnapshot`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Snapshot:
    """The state of a separation after `step` of `steps` updates; tensors are detached and on the CPU.

    `terms` are the objective's values by name, unweighted; `total` is what is minimised: the
    terms times their weights, and `leash`. While
    `done` is false the estimates are the current iterate; the last snapshot has `done` true and
    holds the answer: the best iterate of every example, with its terms.
    """

    step: int
    steps: int
    terms: Mapping[str, Float[Tensor, "*batch"]]
    total: Float[Tensor, "*batch"]
    estimates: Float[Tensor, "*batch K samples"]
    elapsed: float  # seconds since the search began
    done: bool = False
    gains: Float[Tensor, "*batch K"] | None = None  # factors within the estimates; None: it has none to tell
    leash: Float[Tensor, "*batch"] | None = (
        None  # the weighted regulariser's part of the total; None: no such
    )


@dataclass(frozen=True)
class PictureSnapshot:
    """The same for mixtures that are pictures; values of the estimates lie in [0, 1].

    Those of a mask network add up to the mixture instead, and `masks` are the shares of the first source.
    A separator that is fitted to many mixtures at once may show the first few of them until `done`.
    """

    step: int
    steps: int  # the most there can be: a separator may be done before
    terms: Mapping[str, Float[Tensor, "*batch"]]
    total: Float[Tensor, "*batch"]  # what is lowered, mixture by mixture
    estimates: Float[Tensor, "*batch K channels h w"]
    elapsed: float  # seconds since it began
    done: bool = False
    masks: Float[Tensor, "*batch channels h w"] | None = None  # None: it has none to tell
