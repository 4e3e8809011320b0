"""Train a prior: autoencoder warm-up, then WGAN-GP; each stage as long as its flag says.

    python -m bssdemo train dense digit --data DATA                       # warm-up only, the default
    python -m bssdemo train dense digit --data DATA --warmup-steps 0 --gan-steps 200000 \
        --model-size 64 --batch 128                                       # the paper: WGAN-GP from scratch

Stopped at any moment, the same command goes on from the last saved state. A run's folder holds
config.json, log.csv, samples/ (a sheet of spectrograms and a wav at every evaluation), state-N/
(for resuming) and checkpoint/ (what `hub.load(name, folder)` reads).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from bssdemo.audio import SAMPLE_RATE
from bssdemo.audio.format import SAMPLES
from bssdemo.checkpoints import hub
from bssdemo.data.augment import Augmentation, draw_batch
from bssdemo.data.clips import Clips, load_clips
from bssdemo.models import Critic, Generator, LatentEncoder
from bssdemo.training import autoencoder, evaluate, wgan
from bssdemo.training.loop import Pace, cosine, run_steps

COLUMNS = [
    "step", "stage", "seconds", "loss", "latent_distance", "wasserstein", "learning_rate",
    "valid_encoder_snr", "valid_search_snr",
]  # fmt: skip
LABELS = {"digit": "spoken digits", "drums": "drum hits", "piano": "solo piano"}


@dataclass(frozen=True)
class PriorConfig:
    """One training run; everything that decides its result."""

    name: str
    model_size: int = 32  # the paper's d is 64; docs/guide/own-prior.md says why 32
    latent_size: int = 100
    warmup_steps: int = 3000
    gan_steps: int = 0
    batch: int = 32
    learning_rate: float = 1e-3  # of the warm-up, cosine decay to a hundredth
    latent_weight: float = 0.3  # of the pull of the latents to U(-1, 1)
    seed: int = 0

    @property
    def steps(self) -> int:
        """Generator updates in all."""
        return self.warmup_steps + self.gan_steps


@dataclass(frozen=True)
class Networks:
    """The three networks and an optimiser for each stage's players."""

    generator: nn.Module
    encoder: nn.Module
    critic: nn.Module
    warmup: torch.optim.Optimizer  # generator and encoder
    adversary: torch.optim.Optimizer  # generator
    judge: torch.optim.Optimizer  # critic


def build(config: PriorConfig, accelerator: Accelerator) -> Networks:
    """Networks initialised from the seed, wrapped by accelerate (device, bf16 autocast, processes)."""
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        generator = Generator(config.model_size, config.latent_size)
        encoder = LatentEncoder(latent_size=config.latent_size)
        critic = Critic(config.model_size)
    both = [*generator.parameters(), *encoder.parameters()]
    prepared = accelerator.prepare(
        generator,
        encoder,
        critic,
        torch.optim.Adam(both, lr=config.learning_rate, betas=(0.9, 0.98)),
        torch.optim.Adam(generator.parameters(), lr=wgan.LEARNING_RATE, betas=wgan.BETAS),
        torch.optim.Adam(critic.parameters(), lr=wgan.LEARNING_RATE, betas=wgan.BETAS),
    )
    return Networks(*prepared)


def warmup_step(
    nets: Networks, real: Tensor, config: PriorConfig, step: int, accelerator: Accelerator
) -> Mapping[str, float]:
    """One autoencoder update: reconstruct the batch from noisy latents."""
    randomness = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    rate = cosine(step, config.warmup_steps, config.learning_rate)
    for group in nets.warmup.param_groups:
        group["lr"] = rate
    z = nets.encoder(real)
    estimate = nets.generator(autoencoder.noisy(z, randomness))
    reconstruction = autoencoder.spectral_distance(real, estimate).mean()
    pull = autoencoder.sliced_distance_to_uniform(z, randomness)
    nets.warmup.zero_grad()
    accelerator.backward(reconstruction + config.latent_weight * pull)
    for network in (nets.generator, nets.encoder):
        accelerator.clip_grad_norm_(network.parameters(), 1.0)
    nets.warmup.step()
    return {"loss": reconstruction.item(), "latent_distance": pull.item(), "learning_rate": rate}


def gan_step(
    nets: Networks, reals: list[Tensor], config: PriorConfig, step: int, accelerator: Accelerator
) -> Mapping[str, float]:
    """Five critic updates (one batch each), then one of the generator."""
    randomness = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    distance = torch.zeros(())
    for real in reals:
        z = wgan.uniform_latents(len(real), config.latent_size, randomness).to(real.device)
        with torch.no_grad():
            fake = nets.generator(z)
        loss, distance = wgan.critic_loss(nets.critic, real, fake, randomness)
        nets.judge.zero_grad()
        accelerator.backward(loss)
        nets.judge.step()
    z = wgan.uniform_latents(len(reals[0]), config.latent_size, randomness).to(reals[0].device)
    loss = -nets.critic(nets.generator(z), randomness).mean()
    nets.adversary.zero_grad()
    accelerator.backward(loss)
    nets.adversary.step()
    rate = {"loss": loss.item(), "wasserstein": distance.item()}
    return rate | {"learning_rate": wgan.LEARNING_RATE}


def checkpoint_config(config: PriorConfig) -> dict[str, object]:
    """What config.json of the checkpoint says."""
    return {
        "kind": "wavegan-generator",
        "name": config.name,
        "label": LABELS.get(config.name, config.name),
        "model_size": config.model_size,
        "latent_size": config.latent_size,
        "sample_rate": SAMPLE_RATE,
        "samples": SAMPLES,
    }


def train(
    config: PriorConfig,
    data: Path,
    run: Path,
    *,
    augmentation: Augmentation,
    precision: str,
    save_every: int = 200,
    evaluate_every: int = 400,
) -> Path:
    """Run or resume to the end; returns the checkpoint's folder."""
    clips, valid = load_clips(data, config.name, "train"), load_clips(data, config.name, "valid")
    accelerator = Accelerator(mixed_precision=precision)
    nets = build(config, accelerator)

    def update(step: int) -> Mapping[str, Any]:
        stage = "warmup" if step <= config.warmup_steps else "gan"
        return {"stage": stage, **_update(nets, clips, config, augmentation, step, accelerator)}

    def check(step: int) -> Mapping[str, float]:
        generator = accelerator.unwrap_model(nets.generator)
        evaluate.write_samples(run / "samples", step, generator, config.seed)
        return evaluate.held_out(generator, accelerator.unwrap_model(nets.encoder), valid)

    return run_steps(
        run,
        asdict(config) | {"augmentation": asdict(augmentation)},
        COLUMNS,
        Pace(config.steps, check_every=evaluate_every, save_every=save_every),
        accelerator,
        update,
        check,
        lambda: _export(nets, config, accelerator, run),
    )


def _update(
    nets: Networks, clips: Clips, config: PriorConfig, augmentation: Augmentation, step: int,
    accelerator: Accelerator,
) -> Mapping[str, float]:  # fmt: skip
    """Draw this step's data and make one update of the stage it belongs to."""
    seed = config.seed + 7919 * accelerator.process_index

    def batch(part: int) -> Tensor:
        audio = draw_batch(clips, config.batch, augmentation, seed, step * 8 + part)
        return torch.from_numpy(audio).to(accelerator.device)

    if step <= config.warmup_steps:
        return warmup_step(nets, batch(0), config, step, accelerator)
    reals = [batch(part) for part in range(wgan.CRITIC_STEPS)]
    return gan_step(nets, reals, config, step, accelerator)


def _export(nets: Networks, config: PriorConfig, accelerator: Accelerator, run: Path) -> None:
    """The generator and, if the warm-up trained one that still fits it, the encoder."""
    generator = accelerator.unwrap_model(nets.generator, keep_fp32_wrapper=False)
    encoder = accelerator.unwrap_model(nets.encoder, keep_fp32_wrapper=False)
    assert isinstance(generator, Generator)
    fits = config.warmup_steps > 0 and config.gan_steps == 0
    hub.save(run / "checkpoint", generator, checkpoint_config(config), encoder if fits else None)
