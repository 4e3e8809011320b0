"""A prior with its latent along time, generator and encoder at once, on mixtures of all kinds.

    loss = spectral_distance(s, G(E(m))) + w_m mask_error(m, s, G(E(m))) + w_z W(z, U(-1, 1))
           + w_l |level error| + w_p cross-entropy of presence

m = s + clips of other kinds. At first the clips s come alone, then the others are mixed in more and more; in some
mixtures s is missing, for the presence alone. The encoder names the sound whatever its level; the level is told
beside it. A kind without recordings is stood in for by its shipped prior (stand_in.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from jaxtyping import Float
from torch import Tensor, nn

from bssdemo.checkpoints import hub
from bssdemo.data.clips import Split
from bssdemo.data.kinds import SETS, Sounds, Variety, lies_in, load_kind
from bssdemo.machine.files import write_text
from bssdemo.metrics.audio import spectral_snr
from bssdemo.models import Generator
from bssdemo.models.encoder import TIMED_STEPS, TimedEncoder
from bssdemo.training import autoencoder
from bssdemo.training.card import card
from bssdemo.training.loop import Pace, cosine, run_steps
from bssdemo.training.stand_in import StandIn

LABELS = {
    "speech": "speech",
    "drums": "drums",
    "piano": "piano",
    "guitar": "guitar",
    "bass": "bass",
    "strings": "bowed strings",
}
COLUMNS = [
    "step", "seconds", "spectral", "mask", "latent", "level", "presence", "learning_rate",
    "valid_alone", "valid_mixed", "valid_level", "valid_presence",
]  # fmt: skip
RISE = 50  # steps over which the rate rises
WORST_LEVEL = 20.0  # dB; a level further off costs no more
VALID_MIXTURES, VALID_SEED = 96, 10_000_019


@dataclass(frozen=True)
class TimedConfig:
    """One training run; everything that decides its result."""

    name: str
    others: tuple[str, ...] = tuple(SETS)  # kinds that it is mixed with
    model_size: int = 32
    latent_size: int = 256
    width: int = 24
    steps: int = 1500
    batch: int = 20
    learning_rate: float = 1.2e-3
    alone: float = 0.25  # part of the steps over which the others are mixed in more and more
    absent: float = 0.12  # probability that the own clip is missing
    latent_weight: float = 0.2
    mask_weight: float = 1.0
    level_weight: float = 0.02
    presence_weight: float = 0.2
    variety: Variety = field(default_factory=Variety)
    seed: int = 0


def draw(
    config: TimedConfig, kinds: Mapping[str, Sounds], size: int, seed: Sequence[int], ramp: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mixtures and targets, float32 (size, 16384), the target at its level in the mixture; who has its source."""
    rng = np.random.default_rng(seed)
    targets = kinds[config.name].draw(size, config.variety, rng)
    present = rng.random(size) >= config.absent * ramp
    targets *= present[:, None]
    mixtures = targets.copy()
    others = [name for name in kinds if name != config.name]
    for row in range(size):
        count = 0
        if rng.random() < ramp * 0.9 or not present[row]:
            count = int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))
        for name in rng.choice(others, min(count, len(others)), replace=False):
            gain = 10 ** (np.clip(rng.normal(0, 5), -12, 12) / 20)
            mixtures[row] += gain * kinds[str(name)].draw(1, config.variety, rng)[0]
    return mixtures.astype(np.float32), targets.astype(np.float32), present


def level_of(mix: Float[Tensor, "B samples"], target: Float[Tensor, "B samples"]) -> Float[Tensor, " B"]:
    """The target's root mean square below the mixture's, in dB."""
    rms = [x.square().mean(-1).clamp_min(1e-8) for x in (target, mix)]
    return 10 * torch.log10(rms[0] / rms[1])


def terms(
    config: TimedConfig,
    generator: nn.Module,
    encoder: nn.Module,
    drawn: tuple[Tensor, Tensor, Tensor],
    randomness: torch.Generator,
    ramp: float,
) -> dict[str, Float[Tensor, ""]]:
    """The weighted terms of the loss by name; see the module's first lines."""
    mix, target, there = drawn
    z, level, logit = encoder(mix, hear=True)
    made = generator(autoencoder.noisy(z.float(), randomness)).float()
    peak = target.abs().amax(-1, keepdim=True).clamp_min(1e-4)
    mine, whole, made = (target / peak)[there], (mix / peak)[there], made[there]
    off = (level.float() - level_of(mix, target))[there].abs().clamp(max=WORST_LEVEL)
    return {
        "spectral": autoencoder.spectral_distance(mine, made).mean(),
        "mask": ramp * config.mask_weight * autoencoder.mask_error(whole, mine, made).mean(),
        "latent": config.latent_weight
        * autoencoder.sliced_distance_to_uniform(z.float().view(len(z) * TIMED_STEPS, -1), randomness),
        "level": config.level_weight * off.mean(),
        "presence": config.presence_weight * F.binary_cross_entropy_with_logits(logit.float(), there.float()),
    }


def train(
    config: TimedConfig,
    data: Path,
    run: Path,
    *,
    precision: str = "no",
    begin: hub.Prior | None = None,
    priors: Mapping[str, hub.Prior] | None = None,
    save_every: int = 100,
    check_every: int = 400,
) -> Path:
    """Run or resume to the end; returns the checkpoint's folder, with its model card.

    `begin`: another kind's prior to start from. `priors` stand in for kinds that `data` has no recordings of.
    Raises DataError, TrainingError.
    """
    kinds = sounds_of(config, data, priors or {}, "train")
    accelerator = Accelerator(mixed_precision=precision)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        generator = Generator(config.model_size, config.latent_size, timed=True)
        encoder = TimedEncoder(config.width, config.latent_size)
    if begin is not None:
        assert begin.encoder is not None
        generator.load_state_dict(begin.generator.state_dict())
        encoder.load_state_dict(begin.encoder.state_dict())
    adam = torch.optim.Adam([*generator.parameters(), *encoder.parameters()], betas=(0.9, 0.98))
    generator, encoder, adam = accelerator.prepare(generator, encoder, adam)
    seed = config.seed + 7919 * accelerator.process_index

    def update(step: int) -> Mapping[str, float]:
        ramp = min(1.0, step / max(1.0, config.alone * config.steps))
        rate = cosine(step, config.steps, config.learning_rate) * min(1.0, step / RISE)
        for group in adam.param_groups:
            group["lr"] = rate
        arrays = draw(config, kinds, config.batch, [seed, step], ramp)
        mix, target, there = (torch.from_numpy(x).to(accelerator.device) for x in arrays)
        randomness = torch.Generator().manual_seed(seed * 1_000_003 + step)
        with accelerator.autocast():
            values = terms(config, generator, encoder, (mix, target, there), randomness, ramp)
        adam.zero_grad()
        accelerator.backward(torch.stack(list(values.values())).sum())
        for network in (generator, encoder):
            accelerator.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
        return {"learning_rate": rate, **{name: value.item() for name, value in values.items()}}

    def plain() -> tuple[Generator, TimedEncoder]:
        both = (accelerator.unwrap_model(one, keep_fp32_wrapper=False) for one in (generator, encoder))
        made, heard = both
        assert isinstance(made, Generator)
        assert isinstance(heard, TimedEncoder)
        return made, heard

    measured: dict[str, float] = {}

    def check(step: int) -> Mapping[str, float]:
        measured.clear()
        measured.update(held_out(config, *plain(), sounds_of(config, data, priors or {}, "valid")))
        return measured

    def export() -> None:
        told = {"name": config.name, "label": LABELS.get(config.name, config.name)}
        made, heard = plain()
        hub.save(run / "checkpoint", made, told, heard)
        if measured:
            write_text(run / "checkpoint" / "README.md", carded(config, data, told, measured))

    return run_steps(
        run,
        asdict(config),
        COLUMNS,
        Pace(config.steps, check_every=check_every, save_every=save_every),
        accelerator,
        update,
        check,
        export,
    )


def sounds_of(
    config: TimedConfig, data: Path, priors: Mapping[str, hub.Prior], split: Split
) -> dict[str, Sounds]:
    """Recordings of its own kind and of the others, or stand-ins. Raises DataError where there is neither."""
    kinds: dict[str, Sounds] = {config.name: load_kind(data, config.name, split)}
    for name in config.others:
        if name != config.name:
            there = lies_in(data, name) or name not in priors
            kinds[name] = load_kind(data, name, split) if there else StandIn(priors[name])
    return kinds


def carded(config: TimedConfig, data: Path, told: Mapping[str, str], measured: Mapping[str, float]) -> str:
    """The model card of a run."""
    sizes = {split: sum(map(len, load_kind(data, config.name, split).sets)) for split in ("train", "valid")}
    others = [name for name in config.others if name != config.name]
    return card(
        {
            **told,
            **sizes,
            "model_size": config.model_size,
            "width": config.latent_size // TIMED_STEPS,
            "examples": VALID_MIXTURES,
            "steps": config.steps,
            "recipe": f"python -m bssdemo train prior {config.name} --data DATA --steps {config.steps}",
        },
        measured,
        [name for name in others if lies_in(data, name)],
        [name for name in others if not lies_in(data, name)],
    )


def held_out(
    config: TimedConfig, generator: Generator, encoder: TimedEncoder, kinds: Mapping[str, Sounds]
) -> dict[str, float]:
    """On `kinds`: spectral SNR of clips alone and in mixtures (dB), level error (dB), presence."""
    told = {}
    for part, ramp in (("alone", 0.0), ("mixed", 1.0)):
        mixtures, targets, present = draw(config, kinds, VALID_MIXTURES, [VALID_SEED], ramp)
        mix, target, there = torch.from_numpy(mixtures), torch.from_numpy(targets), torch.from_numpy(present)
        with torch.no_grad():
            z, level, logit = encoder(mix, hear=True)
            made = generator(z)
        peak = target.abs().amax(-1, keepdim=True).clamp_min(1e-4)
        told[f"valid_{part}"] = float(spectral_snr((target / peak)[there], made[there]).mean())
        if ramp:
            told["valid_level"] = float((level - level_of(mix, target))[there].abs().median())
            told["valid_presence"] = float(((logit > 0) == there).float().mean())
    return {name: round(value, 3) for name, value in told.items()}
