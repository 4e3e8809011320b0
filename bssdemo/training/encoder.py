"""Train an encoder on mixtures: from a mixture to a first z for its own source, the generator frozen.

    python -m bssdemo train encoder digit --data DATA

    loss = spectral_distance(clip, G(E(clip + others at random gains))) + mask_weight * mask_error

The clip is peak-normalised whatever its gain in the mixture: the encoder names the sound, its gain
is found by the search. At first the clips come alone, then the others are mixed in more and more.
With `--tune` the generator moves too, and both begin as they are in the checkpoint.
Stopped at any moment, the same command goes on from the last saved state. A run's folder holds
config.json, log.csv, state-N/ and checkpoint/: the prior with its new encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from pathlib import Path

import torch
from accelerate import Accelerator
from jaxtyping import Float
from torch import Tensor, nn

from bssdemo.checkpoints import hub
from bssdemo.data.clips import load_clips, load_named
from bssdemo.data.mixing import STREAMS, Mixing, draw_mixtures
from bssdemo.data.mixtures import draw
from bssdemo.metrics.audio import spectral_snr
from bssdemo.models import Generator, LatentEncoder
from bssdemo.models.encoder import widened
from bssdemo.training import autoencoder
from bssdemo.training.loop import Pace, cosine, run_steps

COLUMNS = ["step", "seconds", "loss", "learning_rate", "valid_clean_snr", "valid_mixture_snr"]
KINDS = ("digit", "drums", "piano")
RISE = 100  # steps over which the rate rises when a trained encoder is tuned
VALID_MIXTURES = 24  # of every combination with the own kind


@dataclass(frozen=True)
class EncoderConfig:
    """One training run; everything that decides its result besides the generator."""

    name: str
    others: tuple[str, ...] = ()  # the kinds it is mixed with
    width: int = 16  # to tune: that of the prior's own encoder, or a multiple, to which it is widened
    steps: int = 1500
    batch: int = 16
    learning_rate: float = 1e-3  # cosine decay to a hundredth
    tune: float = 0.0  # the generator's learning rate as a part of the encoder's; 0: it stays as it is
    mask_weight: float = 0.0  # of mask_error
    noisy: bool = False  # noise on z as in the warm-up, against learning the clips by heart
    alone: float = 0.2  # part of the steps over which the others are mixed in more and more; not to tune
    mixing: Mixing = field(default_factory=Mixing)
    seed: int = 0

    def mixing_at(self, step: int) -> Mixing:
        """The mixing of one step: presence and twins rise from zero."""
        ramp = 1.0 if self.tune else min(1.0, step / max(1.0, self.alone * self.steps))
        return replace(self.mixing, presence=ramp * self.mixing.presence, twin=ramp * self.mixing.twin)


def encoder_step(
    encoder: nn.Module,
    generator: nn.Module,
    adam: torch.optim.Optimizer,
    mixtures: Float[Tensor, "B samples"],
    targets: Float[Tensor, "B samples"],
    mask_weight: float,
    accelerator: Accelerator,
    noise: torch.Generator | None = None,
) -> float:
    """One update; returns the mean loss of the batch before it."""
    z = encoder(mixtures)
    if noise is not None:
        z = autoencoder.noisy(z, noise)
    with accelerator.autocast():
        estimates = generator(z).float()
    loss = autoencoder.spectral_distance(targets, estimates).mean()
    if mask_weight:
        loss = loss + mask_weight * autoencoder.mask_error(mixtures, targets, estimates).mean()
    adam.zero_grad()
    accelerator.backward(loss)
    accelerator.clip_grad_norm_([p for group in adam.param_groups for p in group["params"]], 1.0)
    adam.step()
    return loss.item()


def validation(
    data: Path, config: EncoderConfig
) -> dict[str, tuple[Float[Tensor, "n samples"], Float[Tensor, "n samples"]]]:
    """Fixed (mixtures, own clips) of held-out recordings, equal gains: alone, and with every set of others."""
    alone: list[tuple[Tensor, Tensor]] = []
    mixed: list[tuple[Tensor, Tensor]] = []
    for count in range(len(config.others) + 1):
        for others in combinations(config.others, count):
            mix, refs = draw(data, (config.name, *others), VALID_MIXTURES, 0, "valid")
            (mixed if others else alone).append((mix, refs[:, 0]))
    kinds = {"valid_clean_snr": alone, "valid_mixture_snr": mixed}
    return {
        name: (torch.cat([mix for mix, _ in parts]), torch.cat([own for _, own in parts]))
        for name, parts in kinds.items()
        if parts
    }


def held_out(
    encoder: nn.Module, generator: Generator, pairs: Mapping[str, tuple[Tensor, Tensor]]
) -> dict[str, float]:
    """Mean spectral SNR (dB) of G(E(mixture)) against the own clip, per kind of mixture."""
    values = {}
    for name, (mix, own) in pairs.items():
        with torch.no_grad():
            estimates = [generator(encoder(part).float()) for part in mix.split(24)]
        values[name] = float(spectral_snr(own, torch.cat(estimates)).nanmean())
    return values


def train(
    config: EncoderConfig,
    prior: hub.Prior,
    data: Path,
    run: Path,
    *,
    precision: str,
    save_every: int = 200,
    evaluate_every: int = 200,
) -> Path:
    """Run or resume to the end; returns the folder of the prior's checkpoint with its encoder."""
    clips = {config.name: load_clips(data, config.name, "train")}
    clips |= {name: load_named(data, name, "train") for name in config.others}
    accelerator = Accelerator(mixed_precision=precision)
    encoder, generator = _networks(config, prior, accelerator)
    adam = torch.optim.Adam(_groups(config, encoder, generator), betas=(0.9, 0.98))
    encoder, adam = accelerator.prepare(encoder, adam)
    if config.tune:
        generator = accelerator.prepare(generator)
    pairs = validation(data, config)
    seed = config.seed + 7919 * accelerator.process_index

    def update(step: int) -> Mapping[str, float]:
        drawn = draw_mixtures(clips, config.name, config.batch, config.mixing_at(step), seed, step)
        mixtures, targets = (torch.from_numpy(audio).to(accelerator.device) for audio in drawn)
        rate = cosine(step, config.steps, config.learning_rate)
        if config.tune:  # Adam knows nothing of the slopes yet, and there is something to lose
            rate *= min(1.0, step / RISE)
        for group in adam.param_groups:
            group["lr"] = rate * group["part"]
        noise = torch.Generator().manual_seed(seed * STREAMS + step) if config.noisy else None
        weight = config.mask_weight
        loss = encoder_step(encoder, generator, adam, mixtures, targets, weight, accelerator, noise)
        return {"loss": loss, "learning_rate": rate}

    def export() -> None:
        trained = accelerator.unwrap_model(encoder, keep_fp32_wrapper=False)
        hub.save(run / "checkpoint", _plain(generator, accelerator), prior.config, trained)

    return run_steps(
        run,
        asdict(config),
        COLUMNS,
        Pace(config.steps, check_every=evaluate_every, save_every=save_every),
        accelerator,
        update,
        lambda step: held_out(accelerator.unwrap_model(encoder), _plain(generator, accelerator), pairs),
        export,
    )


def _networks(
    config: EncoderConfig, prior: hub.Prior, accelerator: Accelerator
) -> tuple[nn.Module, nn.Module]:
    """A new encoder beside the frozen generator or, to tune both, copies of the prior's own two."""
    if not config.tune:
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            encoder = LatentEncoder(config.width, prior.generator.latent_size)
        return encoder, prior.generator.frozen_copy(accelerator.device)
    if prior.encoder is None:
        raise ValueError(f"to tune {prior.name}, train its encoder first: its checkpoint has none")
    if not isinstance(prior.encoder, LatentEncoder):
        raise ValueError(
            f"{prior.name} has its latent along time: `train prior` tunes it on mixtures by itself"
        )
    encoder = widened(prior.encoder, config.width, torch.Generator().manual_seed(config.seed))
    generator = Generator(**prior.generator.config)
    generator.load_state_dict(prior.generator.state_dict())
    return encoder, generator


def _groups(config: EncoderConfig, encoder: nn.Module, generator: nn.Module) -> list[dict[str, object]]:
    """What Adam moves; `part` is the share of the learning rate."""
    groups: list[dict[str, object]] = [{"params": list(encoder.parameters()), "part": 1.0}]
    if config.tune:
        groups.append({"params": list(generator.parameters()), "part": config.tune})
    return groups


def _plain(generator: nn.Module, accelerator: Accelerator) -> Generator:
    """The generator as the search uses it."""
    bare = accelerator.unwrap_model(generator, keep_fp32_wrapper=False)
    assert isinstance(bare, Generator)
    return bare.frozen_copy()
