"""Train a mask network by adversarial unmix-and-remix (Hoshen 2018), or its supervised twin.

    python -m bssdemo train mask mnist --data DATA                     # from mixtures alone
    python -m bssdemo train mask mnist --data DATA --config paper      # the paper's exact setting
    python -m bssdemo train mask mnist --data DATA --supervised        # with true sources: the upper bound
    python -m bssdemo train mask digit-drums --data DATA               # sounds, as spectrograms
    python -m bssdemo train mask digits-014 --data DATA                # three kinds: one against two
    python -m bssdemo train mask digits-014 --data DATA --inside RUN   # then the two that RUN left together

The unsupervised trainer is handed mixtures and nothing else. Stopped at any moment, the same command
goes on from the last saved state. A run's folder holds config.json, log.csv, samples/ (a sheet of held-out
mixtures, masks and sources at every evaluation), state-N/ (for resuming) and checkpoint/, whose weights are
the running average.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from bssdemo.checkpoints import hub
from bssdemo.data.pictures import to_float
from bssdemo.data.sets import ALL_SETS, Drawn
from bssdemo.models.mask import MaskNetwork
from bssdemo.training.loop import Pace, run_steps
from bssdemo.training.mask_config import UnmixConfig, learning_rate, margin
from bssdemo.training.mask_losses import Weights, discriminator_loss, mask_terms, same, supervised_loss, total
from bssdemo.unmix import check
from bssdemo.unmix.cycle import Mask, unmix, unmix_all

COLUMNS = [
    "step", "seconds", "total", "cycle", "adversarial", "equity", "balance", "discriminator", "supervised",
    "learning_rate", "energy_share", "share_spread", "decision",
    "valid_psnr", "valid_ssim", "valid_snr", "valid_snr_1", "valid_snr_2",
]  # fmt: skip
BETAS = (0.5, 0.999)
LAYOUT: Mapping[str, Any] = {"memory_format": torch.channels_last}
TERMS = tuple(term.name for term in fields(Weights))
VALID_MIXTURES = 500
VALID_SEED = 1_000_003  # the held-out mixtures are the same for every run


@dataclass(frozen=True)
class Networks:
    """Mask network, its running average, the discriminator and their optimisers."""

    mask: nn.Module
    averaged: AveragedModel
    discriminator: nn.Module
    painter: torch.optim.Optimizer  # of the mask network
    judge: torch.optim.Optimizer  # of the discriminator

    @property
    def average(self) -> MaskNetwork:
        """The network that ships: its running average."""
        network = self.averaged.module
        assert isinstance(network, MaskNetwork)
        return network


def build(config: UnmixConfig, accelerator: Accelerator) -> Networks:
    """Networks initialised from the seed, wrapped by accelerate; the average joins the saved states."""
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        mask, discriminator = ALL_SETS[config.name].networks(config.width, config.levels, config.bounded)
    mask, discriminator = mask.to(**LAYOUT), discriminator.to(**LAYOUT)
    averaged = averaging(config, mask).to(accelerator.device)
    accelerator.register_for_checkpointing(averaged)
    prepared = accelerator.prepare(
        mask,
        discriminator,
        torch.optim.Adam(mask.parameters(), lr=config.learning_rate, betas=BETAS),
        torch.optim.Adam(discriminator.parameters(), lr=config.learning_rate, betas=BETAS),
    )
    mask, discriminator, painter, judge = prepared
    return Networks(mask, averaged, discriminator, painter, judge)


def rows(config: UnmixConfig, count: int, step: int) -> np.ndarray:
    """Which mixtures a step uses: a function of (seed, step), so that a killed run goes on as it would have."""
    return np.random.default_rng([config.seed, step]).choice(
        count, size=2 * min(config.pairs, count // 2), replace=False
    )


def unmix_step(
    nets: Networks,
    mixture: Float[Tensor, "B channels h w"],
    config: UnmixConfig,
    step: int,
    accelerator: Accelerator,
    inside: Mask = same,
) -> Mapping[str, float]:
    """One update of the mask network from mixtures and, every `mask_updates` steps, one of the discriminator."""
    _set_rate((nets.painter, nets.judge), learning_rate(config, step))
    nets.discriminator.requires_grad_(False)
    see = ALL_SETS[config.name].see
    terms, remixes = mask_terms(mixture, nets.mask, nets.discriminator, margin(config, step), see, inside)
    objective = total(terms, config.weights)
    nets.painter.zero_grad()
    accelerator.backward(objective)
    nets.painter.step()
    values = {name: value.item() for name, value in terms.items()} | {"total": objective.item()}
    if step % config.mask_updates == 0:
        nets.discriminator.requires_grad_(True)
        loss = discriminator_loss(nets.discriminator(mixture), nets.discriminator(remixes))
        nets.judge.zero_grad()
        accelerator.backward(loss)
        nets.judge.step()
        values["discriminator"] = loss.item()
    return values


def supervised_step(
    nets: Networks,
    mixture: Float[Tensor, "B channels h w"],
    sources: Float[Tensor, "B 2 channels h w"],
    config: UnmixConfig,
    step: int,
    accelerator: Accelerator,
) -> Mapping[str, float]:
    """One update of the mask network from true sources."""
    _set_rate((nets.painter,), learning_rate(config, step))
    see = ALL_SETS[config.name].see
    loss = supervised_loss(see(sources), see(unmix(mixture, nets.mask).sources), config.structure)
    nets.painter.zero_grad()
    accelerator.backward(loss)
    nets.painter.step()
    return {"supervised": loss.item()}


def _set_rate(optimisers: tuple[torch.optim.Optimizer, ...], rate: float) -> None:
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate


@torch.no_grad()
def averaging(config: UnmixConfig, network: MaskNetwork) -> AveragedModel:
    """The running average of a network, batch-norm statistics included; in the first steps it follows faster."""

    def step(average: Tensor, value: Tensor, number: Tensor | int) -> Tensor:
        if not value.is_floating_point():
            return value
        decay = min(config.average, int(number) / (int(number) + 10))
        return torch.lerp(average, value, 1 - decay)

    averaged = AveragedModel(network, avg_fn=step, use_buffers=True)
    averaged.eval().requires_grad_(False)
    return averaged


@dataclass(frozen=True)
class Sums:
    """What unsupervised training sees: mixtures. Whole numbers: 255 is full brightness of one source."""

    values: Shaped[np.ndarray, "n channels h w"]
    inside: Mask = same  # the part of mixtures that the balance term shares out

    def update(
        self, nets: Networks, config: UnmixConfig, step: int, accelerator: Accelerator
    ) -> Mapping[str, float]:
        """This step's mixtures, and one update with them."""
        mixture = to_float(self.values[rows(config, len(self.values), step)]).to(accelerator.device)
        return unmix_step(nets, mixture, config, step, accelerator, self.inside)


@dataclass(frozen=True)
class Pairs:
    """What supervised training sees: the true sources of the same mixtures."""

    values: Drawn

    def update(
        self, nets: Networks, config: UnmixConfig, step: int, accelerator: Accelerator
    ) -> Mapping[str, float]:
        """This step's sources, paired anew where that can be, and one update with them."""
        count = len(ALL_SETS[config.name].labels)
        drawn = self.values.paired(
            [rows(config, len(self.values), step * count + part) for part in range(count)]
        )
        mixture, sources = (x.to(accelerator.device) for x in (to_float(drawn.sums()), drawn.sources()))
        return supervised_step(nets, mixture, sources, config, step, accelerator)


def train(
    config: UnmixConfig,
    training: Sums | Pairs,
    valid: Drawn,
    run: Path,
    *,
    precision: str = "no",
    check_every: int = 250,
) -> Path:
    """Run or resume to the end; returns the checkpoint's folder. `valid` is only looked at, for the log.

    Every `check_every` steps: score, sheet, state, checkpoint.
    """
    accelerator = Accelerator(mixed_precision=precision)
    nets = build(config, accelerator)
    chosen: Any = ALL_SETS[config.name]
    groups: list[tuple[int, ...]] = []

    def update(step: int) -> Mapping[str, float]:
        values = training.update(nets, config, step, accelerator)
        nets.averaged.update_parameters(accelerator.unwrap_model(nets.mask))
        return {**values, "learning_rate": learning_rate(config, step)}

    def look(step: int) -> Mapping[str, float]:
        scores, found = check.held_out(nets.average, valid, chosen)
        groups[:] = found
        check.write_sheet(run / "samples" / f"step-{step:06}.png", nets.average, valid, chosen)
        if problem := check.warning(scores["energy_share"], scores["decision"]):
            tqdm.write(f"step {step}: {problem}")
        return scores

    return run_steps(
        run,
        asdict(config),
        COLUMNS,
        Pace(config.steps, 50, check_every, check_every),
        accelerator,
        update,
        look,
        lambda: _export(nets.average, config, run, groups),
    )


def _export(network: MaskNetwork, config: UnmixConfig, run: Path, groups: Sequence[tuple[int, ...]]) -> None:
    """The checkpoint. Which sources an output holds is looked up on held-out mixtures; training never knows it."""
    labels = [" + ".join(ALL_SETS[config.name].labels[kind] for kind in group) for group in groups]
    described = {"name": checkpoint_name(config), "label": " + ".join(labels), "sources": labels}
    marks = {"supervised": True} if config.supervised else {}
    hub.save(run / "checkpoint", network, described | marks)


def checkpoint_name(config: UnmixConfig) -> str:
    """By which the trained network is found, and the default name of its run."""
    more = ("-supervised" if config.supervised else "") + ("-inside" if config.inside else "")
    return f"{hub.MASK_PREFIX}{config.name}{more}"


def larger_part(place: Path, name: str, mixtures: Float[Tensor, "n channels h w"]) -> Mask:
    """What the mask network `name` in `place` gives to the source that is the brighter one in all of `mixtures`."""
    network = hub.load_unmixer(name, place).network
    first, second = unmix_all(mixtures, network).sources.sum((0, 2, 3, 4)).tolist()
    return lambda mixture: unmix_all(mixture, network).sources[:, int(second > first)]
