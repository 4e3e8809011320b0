"""Every part of a search's step lives on its networks' device: run on `meta`, where any other tensor is an error."""

from __future__ import annotations

import pytest
import torch

from bssdemo.models import Generator
from bssdemo.models.encoder import TimedEncoder
from bssdemo.models.share import ShareNetwork
from bssdemo.search import refine
from bssdemo.search.latents import Anchor, Latents
from bssdemo.search.objective import prepare, terms, weighted
from bssdemo.search.pgd import PRESETS
from bssdemo.search.share import corrected
from bssdemo.search.starts import encode

META = torch.device("meta")
MIX = torch.empty(2, 16_384, device=META)


@pytest.mark.parametrize("preset", ["balanced", "paper", "reference"])
def test_a_step(preset: str) -> None:
    config = PRESETS[preset]
    priors = [Generator(model_size=4).to(META).freeze() for _ in range(2)]
    sizes = sum(prior.latent_size for prior in priors)
    z, known = torch.empty(2, sizes, device=META), torch.empty(2, device=META)
    gains = torch.empty(2, 2, device=META)
    latents = Latents(
        z.clone().requires_grad_(), gains.clone().requires_grad_(), Anchor(z, gains, z[0], known)
    )
    estimates = latents.estimates(priors, config.peak_normalise)
    values = terms(prepare(MIX, config.objective.form), estimates)
    loss = (weighted(values, config.objective.weights) + config.leash * latents.distance()).sum()
    slopes = torch.autograd.grad(loss, latents.moved)
    assert {one.device.type for one in (estimates, loss, *values.values(), *slopes)} == {"meta"}


def test_the_encoders_answer() -> None:
    prior = Generator(model_size=4, timed=True, latent_size=128).to(META).freeze()
    encoder = TimedEncoder(width=4, latent_size=128).to(META).eval()
    assert encode(MIX, [prior], [encoder]).device.type == "meta"


def test_sharing_out() -> None:
    estimates = torch.empty(2, 2, 16_384, device=META)
    masks = refine.masks(MIX, estimates)
    network = ShareNetwork(width=16).to(META).freeze()
    assert corrected(MIX, estimates, masks, network).device.type == "meta"
