"""Whether networks are still the same: a short digest of their weights."""

from __future__ import annotations

import hashlib

from torch import nn

from bssdemo.separation.networks import Networks

LETTERS = 12  # of a digest: enough to tell a person's networks apart


def fingerprint(*networks: nn.Module | None) -> str:
    """Of the names and float32 values of all weights, in this order; one that is not there adds nothing."""
    digest = hashlib.sha256()
    for network in networks:
        for name, values in (network.state_dict() if network is not None else {}).items():
            digest.update(name.encode() + values.float().cpu().numpy().tobytes())
    return digest.hexdigest()[:LETTERS]


def of_all(networks: Networks) -> str:
    """Of every network that separations with these may use."""
    priors = [*networks.priors.values(), *networks.dense.values()]
    members = [one for prior in priors for one in (prior.generator, prior.encoder)]
    others = [*(one.network for one in networks.unmixers), networks.share]
    return fingerprint(*members, *others, None if networks.tags is None else networks.tags.network)
