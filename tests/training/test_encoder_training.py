"""Encoders of mixtures: what they are shown, that they learn, resume, and end in a checkpoint that loads."""

import csv
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
import soundfile
import torch
from accelerate import Accelerator

from bssdemo.checkpoints import hub
from bssdemo.commands.main import main
from bssdemo.data.clips import load_clips
from bssdemo.data.mixing import Mixing, draw_mixtures
from bssdemo.models import Generator, LatentEncoder
from bssdemo.training import encoder, loop
from bssdemo.training.encoder import EncoderConfig, encoder_step

SILENT = Mixing(presence=0.0, twin=0.0)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two kinds of 24 files each, decaying tones and steady ones."""
    folder = tmp_path_factory.mktemp("sounds")
    seconds = np.arange(16_384) / 16_000
    for name, decay in (("tone", 3), ("hum", 0)):
        (folder / name).mkdir()
        for number in range(24):
            tone = np.sin(2 * np.pi * (200 + 20 * number) * seconds) * np.exp(-decay * seconds)
            soundfile.write(folder / name / f"{number:02}.wav", tone, 16_000)
    return folder


def test_alone_the_mixture_is_the_clip_and_else_only_other_sounds_are_added(sounds: Path) -> None:
    clips = {name: load_clips(sounds, name, "train") for name in ("tone", "hum")}
    mix, own = draw_mixtures(clips, "tone", 8, SILENT, 0, 5)
    assert np.array_equal(mix, own)
    np.testing.assert_allclose(np.abs(own).max(1), 1, atol=1e-6)
    loud, same = draw_mixtures(clips, "tone", 8, replace(SILENT, presence=1.0, gain_db=0.0), 0, 5)
    assert np.array_equal(same, own)  # the targets do not depend on what is mixed in
    np.testing.assert_allclose(np.abs(loud - own).max(1), 1, atol=1e-5)
    twins, _ = draw_mixtures(clips, "tone", 8, replace(SILENT, twin=1.0, twin_db=(-6.0, -6.0)), 0, 5)
    np.testing.assert_allclose(np.abs(twins - own).max(1), 10 ** (-6 / 20), atol=1e-5)


def test_mixtures_depend_on_seed_and_step_alone(sounds: Path) -> None:
    clips = {name: load_clips(sounds, name, "train") for name in ("tone", "hum")}

    def draw(seed: int, step: int) -> np.ndarray:
        return draw_mixtures(clips, "tone", 4, Mixing(presence=0.9), seed, step)[0]

    assert np.array_equal(draw(0, 1), draw(0, 1))
    assert not np.array_equal(draw(0, 1), draw(0, 2))
    assert not np.array_equal(draw(0, 1), draw(1, 1))


def test_others_are_mixed_in_more_and_more() -> None:
    config = EncoderConfig("tone", steps=100, alone=0.5)
    presences = [config.mixing_at(step).presence for step in (1, 25, 50, 100)]
    assert presences == sorted(presences)
    assert presences[0] < 0.02
    assert presences[-1] == presences[-2] == config.mixing.presence
    assert replace(config, tune=1.0).mixing_at(1) == config.mixing  # a trained encoder knows them already


def test_it_learns_which_of_two_latents_is_in_the_mixture() -> None:
    """Mixtures G(z) + noise of two far latents: the loss against G(z) falls, and the generator stays."""
    torch.manual_seed(0)
    generator = Generator(model_size=2, latent_size=4)
    with torch.no_grad():
        generator.dense.weight *= 3
        for layer in generator.up:
            layer.weight *= 3
    before = {key: value.clone() for key, value in generator.state_dict().items()}
    generator.freeze()
    z = torch.tensor([[0.9, -0.9, 0.9, -0.9], [-0.9, 0.9, -0.9, 0.9]])
    targets = generator(z)
    mixtures = targets + 0.1 * targets.std() * torch.randn(2, 16_384)
    network = LatentEncoder(width=2, latent_size=4)
    adam = torch.optim.Adam(network.parameters(), lr=3e-3)
    accelerator = Accelerator(mixed_precision="no")
    losses = [encoder_step(network, generator, adam, mixtures, targets, 0.0, accelerator) for _ in range(30)]
    assert losses[-1] < 0.3 * losses[0]
    assert torch.equal(network(mixtures).sign(), z.sign())
    assert all(torch.equal(value, before[key]) for key, value in generator.state_dict().items())


@pytest.mark.parametrize(
    ("tune", "width", "mask_weight", "noisy"),
    [(0.0, 2, 0.0, False), (1.0, 2, 0.0, False), (1.0, 4, 2.0, True)],
)
def test_a_stopped_run_ends_as_if_it_had_not_been(
    sounds: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tune: float,
    width: int,
    mask_weight: float,
    noisy: bool,
) -> None:
    """A run, and another that has nothing of it but the state of step 3; the generator moves only when tuned."""
    networks = Generator(model_size=2, latent_size=4), LatentEncoder(width=2, latent_size=4)
    hub.save(tmp_path / "tone", networks[0], {"name": "tone", "label": "tones"}, networks[1])
    prior = hub.load("tone", tmp_path)
    config = EncoderConfig(
        "tone", ("hum",), width=width, steps=6, batch=2, tune=tune, mask_weight=mask_weight, noisy=noisy
    )
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    save_state = loop.save_state

    def save_and_copy(accelerator: Accelerator, run: Path, step: int) -> None:
        save_state(accelerator, run, step)
        if step == 3:
            copytree(run / "state-3", stopped / "state-3")

    monkeypatch.setattr(loop, "save_state", save_and_copy)
    encoder.train(config, prior, sounds, whole, precision="no", save_every=3)
    monkeypatch.undo()
    encoder.train(config, prior, sounds, stopped, precision="no", save_every=3)
    first, second = (hub.load("tone", run) for run in (whole, stopped))
    assert first.encoder is not None
    assert second.encoder is not None
    assert second.encoder.width == width
    for key, weight in first.encoder.state_dict().items():
        assert torch.equal(second.encoder.state_dict()[key], weight)
    for key, weight in first.generator.state_dict().items():
        assert torch.equal(second.generator.state_dict()[key], weight)
    moved = not torch.equal(first.generator.dense.weight, prior.generator.dense.weight)
    assert moved == (tune > 0)
    header, row = csv.reader((stopped / "log.csv").open(newline=""))
    assert np.isfinite(float(dict(zip(header, row, strict=True))["valid_mixture_snr"]))


def test_the_command_adds_an_encoder_to_a_prior(
    sounds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.save(tmp_path / "tone", Generator(model_size=2, latent_size=4), {"name": "tone", "label": "tones"})
    sizes = ["--width", "2", "--batch", "2", "--steps", "1", "--precision", "no"]
    arguments = ["tone", "--data", str(sounds), "--others", "hum", "--checkpoint", str(tmp_path / "tone")]
    assert main(["train", "encoder", *arguments, "--run", str(tmp_path / "none"), *sizes, "--tune", "1"]) == 2
    assert "train its encoder first" in capsys.readouterr().err
    assert main(["train", "encoder", *arguments, "--run", str(tmp_path / "run"), *sizes]) == 0
    before, after = hub.load("tone", tmp_path / "tone"), hub.load("tone", tmp_path / "run")
    assert before.encoder is None
    assert after.encoder is not None
    assert after.encoder(torch.zeros(1, 16_384)).shape == (1, 4)
    assert torch.equal(after.generator.dense.weight, before.generator.dense.weight)
    tuned = [*arguments[:-1], str(tmp_path / "run"), "--run", str(tmp_path / "tuned"), *sizes[2:]]
    assert main(["train", "encoder", *tuned, "--tune", "1", "--mask-weight", "2", "--noisy"]) == 0
    both = hub.load("tone", tmp_path / "tuned")
    assert both.encoder is not None
    assert both.encoder.width == 2
    assert not torch.equal(both.generator.dense.weight, after.generator.dense.weight)
