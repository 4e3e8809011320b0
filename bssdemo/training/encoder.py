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

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from pathlib import Path

import torch
from accelerate import Accelerator
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm

from bssdemo import hub
from bssdemo.evaluation.metrics import spectral_snr
from bssdemo.evaluation.mixtures import draw
from bssdemo.models import Generator, LatentEncoder
from bssdemo.models.encoder import widened
from bssdemo.precision import bf16_pays
from bssdemo.training import autoencoder
from bssdemo.training.data import load_clips
from bssdemo.training.evaluate import frozen_copy
from bssdemo.training.loop import CsvLog, cosine, load_state, save_state
from bssdemo.training.mixing import STREAMS, Mixing, draw_mixtures

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
    run.mkdir(parents=True, exist_ok=True)
    clips = {name: load_clips(data, name, "train") for name in (config.name, *config.others)}
    accelerator = Accelerator(mixed_precision=precision)
    encoder, generator = _networks(config, prior, accelerator)
    adam = torch.optim.Adam(_groups(config, encoder, generator), betas=(0.9, 0.98))
    encoder, adam = accelerator.prepare(encoder, adam)
    if config.tune:
        generator = accelerator.prepare(generator)
    first = load_state(accelerator, run)
    (run / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")
    log = CsvLog(run / "log.csv", COLUMNS, first)
    pairs = validation(data, config)
    seed = config.seed + 7919 * accelerator.process_index
    began = time.perf_counter()
    steps = range(first + 1, config.steps + 1)
    for step in tqdm(steps, initial=first, total=config.steps, desc=config.name, mininterval=2):
        drawn = draw_mixtures(clips, config.name, config.batch, config.mixing_at(step), seed, step)
        mixtures, targets = (torch.from_numpy(audio).to(accelerator.device) for audio in drawn)
        rate = cosine(step, config.steps, config.learning_rate)
        if config.tune:  # Adam knows nothing of the slopes yet, and there is something to lose
            rate *= min(1.0, step / RISE)
        for group in adam.param_groups:
            group["lr"] = rate * group["part"]
        noise = torch.Generator().manual_seed(seed * STREAMS + step) if config.noisy else None
        loss = encoder_step(
            encoder, generator, adam, mixtures, targets, config.mask_weight, accelerator, noise
        )
        values = {"loss": loss, "learning_rate": rate}
        last = step == config.steps
        if last or step % evaluate_every == 0:
            values |= held_out(accelerator.unwrap_model(encoder), _plain(generator, accelerator), pairs)
        if last or step % 20 == 0:
            seconds = round(time.perf_counter() - began, 1)
            rounded = {key: round(value, 6) for key, value in values.items()}
            log.write({"step": step, "seconds": seconds, **rounded})
        if last or step % save_every == 0:
            save_state(accelerator, run, step)
            trained = accelerator.unwrap_model(encoder, keep_fp32_wrapper=False)
            hub.save(run / "checkpoint", _plain(generator, accelerator), prior.config, trained)
    return run / "checkpoint"


def _networks(
    config: EncoderConfig, prior: hub.Prior, accelerator: Accelerator
) -> tuple[nn.Module, nn.Module]:
    """A new encoder beside the frozen generator or, to tune both, copies of the prior's own two."""
    if not config.tune:
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            encoder = LatentEncoder(config.width, prior.generator.latent_size)
        return encoder, frozen_copy(prior.generator, accelerator.device)
    if prior.encoder is None:
        raise ValueError(f"to tune {prior.name}, train its encoder first: its checkpoint has none")
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
    return frozen_copy(bare)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`train encoder`'s arguments; defaults are those of the shipped encoders."""
    default = EncoderConfig(name="")
    parser.add_argument("name", help="the prior's name: digit, drums, piano or your own")
    parser.add_argument("--data", type=Path, required=True, help="shared layout or a folder of audio")
    parser.add_argument(
        "--others", type=_names, metavar="A,B",
        help=f"kinds to mix it with, in the same data (default: those of {', '.join(KINDS)} that it is not)",
    )  # fmt: skip
    parser.add_argument("--checkpoint", type=Path, help="folder of the prior (default: Hub or bundled)")
    parser.add_argument("--run", type=Path, help="the run's folder (default: runs/encoder-NAME)")
    parser.add_argument(
        "--width", type=int, metavar="N",
        help=f"channels of the first layer (default: {default.width}; to tune, as many as the encoder has)",
    )  # fmt: skip
    for name in ("steps", "batch", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(default, name), metavar="N")
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate)
    parser.add_argument(
        "--mask-weight", type=float, default=default.mask_weight, metavar="W",
        help="weight of what a mask made of the estimate leaves of the others and takes of the clip",
    )  # fmt: skip
    parser.add_argument(
        "--tune", type=float, default=default.tune, metavar="R",
        help="train the generator too, at R times this rate, from the prior's own encoder (default: 0, frozen)",
    )  # fmt: skip
    parser.add_argument("--noisy", action="store_true", help="noise on z, as in the warm-up: for few clips")
    parser.add_argument("--precision", choices=("auto", "no", "bf16"), default="auto")
    parser.add_argument("--save-every", type=int, default=200, metavar="N")
    parser.add_argument("--evaluate-every", type=int, default=200, metavar="N")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def run(args: argparse.Namespace) -> int:
    """The command; prints where the checkpoint is."""
    others: Sequence[str] = KINDS if args.others is None else args.others
    prior = hub.load_prior(args.name, args.checkpoint)
    own = prior.encoder.width if args.tune and prior.encoder is not None else EncoderConfig.width
    config = EncoderConfig(
        args.name,
        tuple(name for name in others if name != args.name),
        width=own if args.width is None else args.width,
        steps=args.steps,
        batch=args.batch,
        learning_rate=args.learning_rate,
        tune=args.tune,
        mask_weight=args.mask_weight,
        noisy=args.noisy,
        seed=args.seed,
    )
    precision = ("bf16" if bf16_pays() else "no") if args.precision == "auto" else args.precision
    folder = train(
        config,
        prior,
        args.data,
        args.run or Path("runs") / f"encoder-{config.name}",
        precision=precision,
        save_every=args.save_every,
        evaluate_every=args.evaluate_every,
    )
    print(f"checkpoint: {folder}")
    return 0
