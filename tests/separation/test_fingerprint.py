"""A folder's finished files are done again when a network is another one: whichever of them it is."""

from __future__ import annotations

from dataclasses import replace

import torch

from bssdemo.checkpoints.hub import Tags
from bssdemo.models.share import ShareNetwork
from bssdemo.models.tagger import Tagger
from bssdemo.separation import Networks
from bssdemo.separation.fingerprint import of_all


def tags(seed: int) -> Tags:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Tags(Tagger(2, width=8), ("speech", "piano"))


def test_every_network_that_separates_is_in_the_digest(priors: Networks) -> None:
    networks = [
        priors,
        replace(priors, priors={"digit": priors.priors["piano"], "piano": priors.priors["digit"]}),
        replace(priors, share=ShareNetwork()),
        replace(priors, tags=tags(0)),
        replace(priors, tags=tags(1)),
    ]
    digests = [of_all(one) for one in networks]
    assert len(set(digests)) == len(digests)
    assert digests == [of_all(one) for one in networks]
