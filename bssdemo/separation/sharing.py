"""How a recording is shared out among a search's estimates: the masks' formula or network, and who is there at all."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.audio.format import SAMPLES
from bssdemo.audio.windows import Layout, join
from bssdemo.checkpoints.hub import Prior, Tags
from bssdemo.models.share import ShareNetwork
from bssdemo.search import refine, share
from bssdemo.separation import presence
from bssdemo.separation.networks import Networks

LEAST_SHARE = 0.05  # that a source which is there counts with in a bin that is handed over


@dataclass(frozen=True)
class Sharing:
    """`network` corrects the formula's masks. `tags` hear which of `priors`' kinds are there; where one is not, its
    share is turned down, and the others get it. Without either the formula alone has the say."""

    network: ShareNetwork | None = None
    priors: tuple[Prior, ...] = ()
    tags: Tags | None = None

    def masks(
        self,
        mix: Float[Tensor, "*batch samples"],
        estimates: Float[Tensor, "*batch K samples"],
        windows: Layout | None = None,
        known: Float[Tensor, "windows outputs"] | None = None,
    ) -> Float[Tensor, "*batch K+1 frames bins"]:
        """Every source's share of every bin and, last, the residual's; their sum is one.

        `windows` of a recording; without them every mixture of a batch is one window of 16,384 samples.
        `known`: what the tagger hears in a recording's windows, if it was asked already.
        """
        found = share.shares(mix, estimates, self.network)
        if windows is not None:
            heard = presence.factors_of(mix, windows, self.priors, self.tags, known)
            along = None if heard is None else _along(heard, windows, found.shape[-2])
        else:
            alone = mix.shape[-1] == SAMPLES
            heard = presence.factors(mix, self.priors, self.tags) if alone else None
            along = None if heard is None else heard[..., None].expand(*heard.shape, found.shape[-2])
        if along is None or bool((along == 1).all()):
            return found
        return _handed_over(found, along[..., None].to(found))


def _handed_over(
    masks: Float[Tensor, "*batch parts frames bins"], factors: Float[Tensor, "*batch K frames 1"]
) -> Float[Tensor, "*batch parts frames bins"]:
    """Sources keep this part of their shares; the others get the rest, also where they had next to nothing."""
    sources, residual = masks[..., :-1, :, :], masks[..., -1:, :, :]
    kept = torch.cat([factors * sources, residual], -3)
    there = (factors - presence.TURNED_DOWN).clamp_min(0) / (1 - presence.TURNED_DOWN)
    taking = torch.cat([there * (sources + LEAST_SHARE), residual], -3)
    freed = ((1 - factors) * sources).sum(-3, keepdim=True)
    return kept + freed * taking / taking.sum(-3, keepdim=True)


def sharing(networks: Networks, priors: tuple[Prior, ...], network: bool, hears: bool) -> Sharing:
    """What a search's estimates are shared out by. `hears`: it goes by its encoders; the paper's is left to itself."""
    return Sharing(networks.share if network else None, priors, networks.tags if hears else None)


def _along(factors: Float[Tensor, "windows K"], windows: Layout, frames: int) -> Float[Tensor, "K frames"]:
    """The windows' factors at every frame of the masks, faded into each other as the windows are."""
    length = windows.length
    track = join(factors.T[..., None].expand(-1, -1, length), windows)
    centres = torch.arange(frames) * refine.DEFAULT.hop
    return track[:, centres.clamp(max=track.shape[-1] - 1)]
