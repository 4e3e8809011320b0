"""Train the share network on mixtures of all kinds, as the priors' encoders hear them.

    loss = mean over the sources, and a third of it for the residual, of
           log10 (|M X - S|^2 + d) / (|S|^2 + d)  +  log10 (| |M X| - |S| |^2 + d) / (|S|^2 + d)

d is a thousandth of the mixture's energy, so that an absent source costs what leaks into it. The residual counts only
where something is there that is not ticked. Some sources are ticked but not there. The estimates are those of a
search: the encoders' answer, points on the way to it from z = 0, and a second round, in which every encoder hears
its own stem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Float
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bssdemo.checkpoints import hub
from bssdemo.checkpoints.hub import Prior
from bssdemo.data.kinds import Among, Kind, Variety, draw_mixture, load_kind
from bssdemo.models.share import ShareNetwork
from bssdemo.search import refine
from bssdemo.search.gains import first_log_gains
from bssdemo.search.share import corrected
from bssdemo.training.loop import Pace, cosine, run_steps

FLOOR = 1e-3  # d, of the mixture's energy
RESIDUAL_WEIGHT = 0.33
RISE = 50  # steps over which the rate rises
VALID_BATCHES, VALID_SEED = 12, 10_000_019
COLUMNS = ["step", "seconds", "first", "second", "learning_rate", "valid_network", "valid_formula"]


@dataclass(frozen=True)
class ShareConfig:
    """One training run; everything that decides its result besides the priors."""

    width: int = 32
    memory: int = 96
    steps: int = 3000
    batch: int = 6
    learning_rate: float = 1e-3  # cosine decay to a hundredth
    average: float = 0.99  # of the running average that ships
    counts: tuple[float, ...] = (0.0, 0.7, 0.3)  # probabilities of 1, 2, 3, 4 ticked sources
    unticked: float = 0.1  # probability of a further sound that is not ticked
    absent: float = 0.02  # probability that one of the ticked is not there
    early: float = 0.1  # probability of estimates from the way between z = 0 and the encoders' answer
    second: float = 0.0  # probability of a second round
    among: Among = field(default_factory=Among)
    variety: Variety = field(default_factory=Variety)
    seed: int = 0


@dataclass(frozen=True)
class Drawn:
    """A batch of mixtures with the same number of ticked sources."""

    names: Sequence[Sequence[str]]  # (B, K): priors
    mix: Float[Tensor, "B samples"]
    refs: Float[Tensor, "B parts samples"]  # the sources and, last, what is not ticked


def draw(
    config: ShareConfig, kinds: Mapping[str, Kind], priors: Mapping[str, Sequence[str]], seed: Sequence[int]
) -> Drawn:
    """`priors`: kind -> the priors that serve it, one of which is taken."""
    rng = np.random.default_rng(seed)
    count = min(1 + int(rng.choice(len(config.counts), p=config.counts)), len(kinds))
    names, refs = [], []
    for _ in range(config.batch):
        chosen = [str(one) for one in rng.choice(list(kinds), min(count + 1, len(kinds)), replace=False)]
        sounds = draw_mixture(kinds, chosen, config.among, config.variety, rng)
        if len(chosen) == count:
            sounds = np.concatenate([sounds, np.zeros_like(sounds[:1])])
        elif count > 1 and rng.random() >= config.unticked:
            sounds[-1] = 0
        if rng.random() < config.absent and count > 1:
            sounds[rng.integers(count)] = 0
        if count > 1 and rng.random() < 0.08:  # a source that is silent for a part of the time
            edge, row = int(rng.integers(4000, 12000)), int(rng.integers(count))
            sounds[row, :edge] = 0
        names.append([str(rng.choice(priors[kind])) for kind in chosen[:count]])
        refs.append(sounds)
    stacked = torch.from_numpy(np.stack(refs))
    return Drawn(names, stacked.sum(1), stacked)


@torch.no_grad()
def encoded(
    heard: Float[Tensor, "B K samples"],
    names: Sequence[Sequence[str]],
    priors: Mapping[str, Prior],
    way: float = 1.0,
) -> Float[Tensor, "B K samples"]:
    """G_k(way * E_k(heard_k)), every prior run once on all that ask for it."""
    made = torch.zeros_like(heard)
    for name in {one for row in names for one in row}:
        places = [(b, k) for b, row in enumerate(names) for k, one in enumerate(row) if one == name]
        rows, columns = (list(x) for x in zip(*places, strict=True))
        prior = priors[name]
        assert prior.encoder is not None
        there = heard[rows, columns].to(next(prior.encoder.parameters()).device)
        made[rows, columns] = prior.generator(way * prior.encoder(there)).to(made)
    return made


def loss_of(masks: Float[Tensor, "B parts frames bins"], drawn: Drawn) -> Float[Tensor, ""]:
    """See the module's first lines."""
    stft = refine.DEFAULT.stft
    whole, own = refine.spectrum(drawn.mix, stft), refine.spectrum(drawn.refs, stft)
    made = masks * whole[:, None]
    floor = FLOOR * whole.abs().square().sum((1, 2))[:, None] + 1e-6
    energy = own.abs().square().sum((2, 3)) + floor
    wrong = (made - own).abs().square().sum((2, 3)) + floor
    uneven = (made.abs() - own.abs()).square().sum((2, 3)) + floor
    each = torch.log10(wrong / energy) + torch.log10(uneven / energy)  # (B, parts)
    there = drawn.refs[:, -1].abs().amax(-1) > 0  # an empty residual would be an easy way to please
    return each[:, :-1].mean() + RESIDUAL_WEIGHT * (each[:, -1] * there).mean()


def backward(
    config: ShareConfig,
    network: ShareNetwork,
    priors: Mapping[str, Prior],
    drawn: Drawn,
    rng: np.random.Generator,
    accelerator: Accelerator,
) -> dict[str, float]:
    """Gradients of one or two rounds; the losses by round."""
    count = len(drawn.names[0])
    way = float(rng.uniform(0, 1)) if rng.random() < config.early else 1.0
    heard = drawn.mix[:, None].expand(-1, count, -1)
    losses: dict[str, float] = {}
    masks: Tensor | None = None
    for turn in ("first", "second") if rng.random() < config.second else ("first",):
        made = encoded(heard, drawn.names, priors, way)
        estimates = first_log_gains(drawn.mix, made).exp()[..., None] * made
        present = refine.masks(drawn.mix, estimates) if masks is None else masks.float().detach()
        with accelerator.autocast():
            masks = corrected(drawn.mix, estimates, present, network)
        loss = loss_of(masks.float(), drawn)
        accelerator.backward(loss)
        losses[turn] = loss.item()
        heard = refine.apply(masks.float().detach(), drawn.mix, refine.DEFAULT.stft)[:, :-1]
        way = 1.0
    return losses


def train(
    config: ShareConfig,
    data: Path,
    priors: Mapping[str, Prior],
    serving: Mapping[str, Sequence[str]],
    run: Path,
    *,
    precision: str = "no",
    save_every: int = 100,
    check_every: int = 400,
) -> Path:
    """Run or resume to the end; returns the checkpoint's folder, which holds the averaged network.

    `serving`: kind -> the priors that serve it. Raises DataError, TrainingError.
    """
    kinds = {name: load_kind(data, name, "train") for name in serving}
    held = {name: load_kind(data, name, "valid") for name in serving}
    accelerator = Accelerator(mixed_precision=precision)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        network = ShareNetwork(config.width, config.memory)
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config.average))
    accelerator.register_for_checkpointing(averaged)
    shipped = averaged.module
    assert isinstance(shipped, ShareNetwork)
    adam = torch.optim.Adam(network.parameters(), betas=(0.9, 0.98))
    network, adam = accelerator.prepare(network, adam)

    def update(step: int) -> Mapping[str, float]:
        rate = cosine(step, config.steps, config.learning_rate) * min(1.0, step / RISE)
        for group in adam.param_groups:
            group["lr"] = rate
        drawn = draw(config, kinds, serving, [config.seed + 7919 * accelerator.process_index, step])
        adam.zero_grad()
        rng = np.random.default_rng([config.seed, step, 1])
        losses = backward(config, network, priors, drawn, rng, accelerator)
        accelerator.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
        averaged.update_parameters(accelerator.unwrap_model(network))
        return {"learning_rate": rate, **losses}

    @torch.no_grad()
    def check(step: int) -> Mapping[str, float]:
        """The loss of the average on mixtures of validation groups, beside that of the formula's masks."""
        told = {"valid_network": 0.0, "valid_formula": 0.0}
        for number in range(VALID_BATCHES):
            drawn = draw(config, held, serving, [VALID_SEED, number])
            made = encoded(drawn.mix[:, None].expand(-1, len(drawn.names[0]), -1), drawn.names, priors)
            estimates = first_log_gains(drawn.mix, made).exp()[..., None] * made
            plain = refine.masks(drawn.mix, estimates)
            told["valid_formula"] += loss_of(plain, drawn).item() / VALID_BATCHES
            masks = corrected(drawn.mix, estimates, plain, shipped)
            told["valid_network"] += loss_of(masks, drawn).item() / VALID_BATCHES
        return told

    def export() -> None:
        hub.save(run / "checkpoint", shipped, {"name": "share", "label": "share network"})

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
