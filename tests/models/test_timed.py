"""A latent along time: sixteen steps of z, each heard where it stands; and the dense one, as it always was."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from bssdemo.audio.format import SAMPLES
from bssdemo.checkpoints import disk
from bssdemo.models import Generator, LatentEncoder
from bssdemo.models.encoder import TIMED_STEPS, TimedEncoder

REACH = 6  # steps of the latent that a change is heard beyond its own: the kernels' widths


@pytest.fixture
def generator() -> Generator:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Generator(4, 4 * TIMED_STEPS, timed=True)


def test_a_step_of_the_latent_is_heard_where_it_stands(generator: Generator) -> None:
    z = torch.zeros(1, 4 * TIMED_STEPS)
    changed = z.clone()
    changed[0, 4 * 8 : 4 * 9] = 1.0  # the ninth step
    difference = (generator(changed) - generator(z))[0].abs().view(TIMED_STEPS, -1).amax(1)
    assert difference[8] > 0
    assert difference[: 8 - REACH].max() == 0
    assert difference[9 + REACH :].max() == 0


def test_frozen_it_is_the_same_with_the_same_gradient(generator: Generator) -> None:
    frozen = copy.deepcopy(generator).freeze()
    answers = []
    for network in (generator, frozen):
        z = (0.3 * torch.ones(2, 4 * TIMED_STEPS)).requires_grad_()
        audio = network(z)
        (slope,) = torch.autograd.grad(audio.square().sum(), z)
        answers.append((audio.detach(), slope))
    for ours, theirs in zip(*answers, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_sizes_that_cannot_lie_along_time_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 16"):
        Generator(4, 100, timed=True)


def test_the_encoder_fits_the_generator_and_keeps_time() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = TimedEncoder(8, 4 * TIMED_STEPS).eval()
    click = torch.zeros(2, SAMPLES)
    click[0, 2_000], click[1, 14_000] = 1.0, 1.0
    z, level, presence = encoder(click, hear=True)
    assert z.shape == (2, 4 * TIMED_STEPS)
    assert z.abs().max() < 1
    assert level.shape == presence.shape == (2,)
    torch.testing.assert_close(encoder(click), z)
    silent = encoder(torch.zeros(1, SAMPLES) + 1e-6).view(TIMED_STEPS, -1)
    moved = [(one.view(TIMED_STEPS, -1) - silent).norm(dim=1).argmax().item() for one in z]
    assert moved[0] < moved[1]


def test_it_does_not_hear_how_loud_the_mixture_is() -> None:
    encoder = TimedEncoder(8, 4 * TIMED_STEPS).eval()
    mix = torch.randn(1, SAMPLES, generator=torch.Generator().manual_seed(1))
    for loud, quiet in zip(encoder(mix, hear=True), encoder(mix / 50, hear=True), strict=True):
        torch.testing.assert_close(loud, quiet, atol=1e-2, rtol=1e-2)


def test_a_checkpoint_brings_both_back(generator: Generator, tmp_path: Path) -> None:
    encoder = TimedEncoder(8, 4 * TIMED_STEPS)
    disk.write(tmp_path / "speech", generator, {"name": "speech", "label": "speech"}, encoder)
    network, hearing, config = disk.read(tmp_path / "speech")
    assert config["timed"] is True
    assert isinstance(network, Generator)
    assert isinstance(hearing, TimedEncoder)
    z = 0.5 * torch.ones(1, 4 * TIMED_STEPS)
    torch.testing.assert_close(network(z), generator.half().float()(z), atol=0.02, rtol=0.02)


def test_halves_that_do_not_belong_together_are_refused(generator: Generator, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="only one of the two"):
        disk.write(tmp_path, generator, {"name": "a", "label": "a"}, LatentEncoder(2, 4 * TIMED_STEPS))
