"""Train a prior: autoencoder warm-up, then WGAN-GP; each stage as long as its flag says.

    python -m bssdemo train prior digit --data DATA                       # warm-up only, the default
    python -m bssdemo train prior digit --data DATA --warmup-steps 0 --gan-steps 200000 \
        --model-size 64 --batch 128                                       # the paper: WGAN-GP from scratch

Stopped at any moment, the same command goes on from the last saved state. A run's folder holds
config.json, log.csv, samples/ (a sheet of spectrograms and a wav at every evaluation), state-N/
(for resuming) and checkpoint/ (what `hub.load(name, folder)` reads).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from tqdm import tqdm

from bssdemo import hub
from bssdemo.audio import SAMPLE_RATE
from bssdemo.models import Critic, Generator, LatentEncoder
from bssdemo.models.wavegan import SAMPLES
from bssdemo.precision import bf16_pays
from bssdemo.training import autoencoder, evaluate, wgan
from bssdemo.training.augment import RECIPES, Augmentation, draw_batch
from bssdemo.training.data import Clips, load_clips
from bssdemo.training.loop import CsvLog, cosine, load_state, save_state

COLUMNS = [
    "step", "stage", "seconds", "loss", "latent_distance", "wasserstein", "learning_rate",
    "valid_encoder_snr", "valid_search_snr",
]  # fmt: skip
LABELS = {"digit": "spoken digits", "drums": "drum hits", "piano": "solo piano"}


@dataclass(frozen=True)
class PriorConfig:
    """One training run; everything that decides its result."""

    name: str
    model_size: int = 32  # the paper's d is 64; notes of docs/priors.md say why 32
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
    run.mkdir(parents=True, exist_ok=True)
    clips, valid = load_clips(data, config.name, "train"), load_clips(data, config.name, "valid")
    accelerator = Accelerator(mixed_precision=precision)
    nets = build(config, accelerator)
    first = load_state(accelerator, run)
    (run / "config.json").write_text(
        json.dumps(asdict(config) | {"augmentation": asdict(augmentation)}, indent=2) + "\n"
    )
    log = CsvLog(run / "log.csv", COLUMNS, first)
    began = time.perf_counter()
    steps = range(first + 1, config.steps + 1)
    bar = tqdm(steps, initial=first, total=config.steps, desc=config.name, mininterval=2)
    for step in bar:
        values = dict(_update(nets, clips, config, augmentation, step, accelerator))
        if step % evaluate_every == 0 or step == config.steps:
            values |= evaluate.held_out(
                accelerator.unwrap_model(nets.generator),
                accelerator.unwrap_model(nets.encoder),
                valid,
            )
            evaluate.write_samples(
                run / "samples", step, accelerator.unwrap_model(nets.generator), config.seed
            )
        if step % 20 == 0 or step == config.steps:
            stage = "warmup" if step <= config.warmup_steps else "gan"
            seconds = round(time.perf_counter() - began, 1)
            log.write({"step": step, "stage": stage, "seconds": seconds, **_rounded(values)})
            bar.set_postfix(_rounded(values, 3))
        if step % save_every == 0 or step == config.steps:
            save_state(accelerator, run, step)
            _export(nets, config, accelerator, run)
    return run / "checkpoint"


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


def _rounded(values: Mapping[str, float], digits: int = 6) -> dict[str, float]:
    return {key: round(value, digits) for key, value in values.items()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`train prior`'s arguments; defaults are those of the shipped checkpoints."""
    default = PriorConfig(name="")
    parser.add_argument("name", help="the prior's name: digit, drums, piano or your own")
    parser.add_argument("--data", type=Path, required=True, help="shared layout or a folder of audio")
    parser.add_argument("--run", type=Path, help="the run's folder (default: runs/NAME)")
    for field in ("warmup_steps", "gan_steps", "model_size", "latent_size", "batch", "seed"):
        value = getattr(default, field)
        parser.add_argument(f"--{field.replace('_', '-')}", type=int, default=value, metavar="N")
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate)
    parser.add_argument("--precision", choices=("auto", "no", "bf16"), default="auto")
    parser.add_argument("--save-every", type=int, default=200, metavar="N")
    parser.add_argument("--evaluate-every", type=int, default=400, metavar="N")


def run(args: argparse.Namespace) -> int:
    """The command; prints where the checkpoint is."""
    fields = ("name", "warmup_steps", "gan_steps", "model_size", "latent_size", "batch", "seed")
    config = PriorConfig(
        **{field: getattr(args, field) for field in fields}, learning_rate=args.learning_rate
    )
    precision = ("bf16" if bf16_pays() else "no") if args.precision == "auto" else args.precision
    folder = train(
        config,
        args.data,
        args.run or Path("runs") / config.name,
        augmentation=RECIPES.get(config.name, Augmentation()),
        precision=precision,
        save_every=args.save_every,
        evaluate_every=args.evaluate_every,
    )
    print(f"checkpoint: {folder}")
    return 0
