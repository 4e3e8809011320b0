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

import argparse
import copy
import csv
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from tqdm import tqdm

from bssdemo import hub
from bssdemo.models.mask import MaskNetwork
from bssdemo.precision import bf16_pays
from bssdemo.threads import use_own_cores
from bssdemo.training import unmix_check
from bssdemo.training.data import DataError
from bssdemo.training.loop import CsvLog, load_state, save_state
from bssdemo.training.pictures import SETS, to_float
from bssdemo.training.sets import ALL_SETS, Drawn, draw
from bssdemo.training.spectrograms import SOUND_SETS
from bssdemo.training.unmix_config import CONFIGS, TWIN, UnmixConfig, learning_rate, margin
from bssdemo.training.unmix_losses import (
    Weights,
    discriminator_loss,
    mask_terms,
    same,
    supervised_loss,
    total,
)
from bssdemo.unmix.cycle import Mask, unmix, unmix_all

COLUMNS = [
    "step", "seconds", "total", "cycle", "adversarial", "equity", "balance", "discriminator", "supervised",
    "learning_rate", "energy_share", "share_spread", "decision",
    "valid_psnr", "valid_ssim", "valid_snr", "valid_snr_1", "valid_snr_2",
]  # fmt: skip
BETAS = (0.5, 0.999)
LAYOUT: Mapping[str, Any] = {"memory_format": torch.channels_last}
OPTIONS = ("steps", "pairs", "width", "levels", "mixtures", "seed")  # of a config, on the command line
TERMS = tuple(term.name for term in fields(Weights))
VALID_MIXTURES = 500
VALID_SEED = 1_000_003  # the held-out mixtures are the same for every run


@dataclass(frozen=True)
class Networks:
    """Mask network, its running average, the discriminator and their optimisers."""

    mask: nn.Module
    average: MaskNetwork
    discriminator: nn.Module
    painter: torch.optim.Optimizer  # of the mask network
    judge: torch.optim.Optimizer  # of the discriminator


def build(config: UnmixConfig, accelerator: Accelerator) -> Networks:
    """Networks initialised from the seed, wrapped by accelerate; the average joins the saved states."""
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        mask, discriminator = ALL_SETS[config.name].networks(config.width, config.levels, config.bounded)
    mask, discriminator = mask.to(**LAYOUT), discriminator.to(**LAYOUT)
    average = copy.deepcopy(mask).eval().requires_grad_(False).to(accelerator.device)
    accelerator.register_for_checkpointing(average)
    prepared = accelerator.prepare(
        mask,
        discriminator,
        torch.optim.Adam(mask.parameters(), lr=config.learning_rate, betas=BETAS),
        torch.optim.Adam(discriminator.parameters(), lr=config.learning_rate, betas=BETAS),
    )
    mask, discriminator, painter, judge = prepared
    return Networks(mask, average, discriminator, painter, judge)


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
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the running average, batch-norm statistics included, a step towards the network."""
    current = network.state_dict()
    for name, value in average.state_dict().items():
        if value.is_floating_point():
            value.lerp_(current[name], 1 - decay)


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
    run.mkdir(parents=True, exist_ok=True)
    accelerator = Accelerator(mixed_precision=precision)
    nets = build(config, accelerator)
    first = load_state(accelerator, run)
    (run / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")
    log = CsvLog(run / "log.csv", COLUMNS, first)
    earlier, began = _seconds_so_far(log.path), time.perf_counter()
    bar = tqdm(
        range(first + 1, config.steps + 1), initial=first, total=config.steps, desc=run.name, mininterval=2
    )
    for step in bar:
        values = dict(training.update(nets, config, step, accelerator))
        follow(nets.average, accelerator.unwrap_model(nets.mask), min(config.average, step / (step + 10)))
        checked = step % check_every == 0 or step == config.steps
        if checked:
            scores, groups = unmix_check.held_out(nets.average, valid, ALL_SETS[config.name])
            values |= scores
            unmix_check.write_sheet(
                run / "samples" / f"step-{step:06}.png", nets.average, valid, ALL_SETS[config.name]
            )
            problem = unmix_check.warning(scores["energy_share"], scores["decision"])
            if problem:
                tqdm.write(f"step {step}: {problem}")
        if step % 50 == 0 or checked:
            seconds = round(earlier + time.perf_counter() - began, 1)
            values["learning_rate"] = learning_rate(config, step)
            shown = {name: round(value, 6) for name, value in values.items()}
            log.write({"step": step, "seconds": seconds, **shown})
            bar.set_postfix({name: round(value, 3) for name, value in shown.items() if name in SHOWN})
        if checked:
            save_state(accelerator, run, step)
            _export(nets.average, config, run, groups)
    return run / "checkpoint"


SHOWN = ("adversarial", "discriminator", "supervised", "valid_psnr", "valid_snr", "energy_share")


def _seconds_so_far(log: Path) -> float:
    with log.open(newline="") as file:
        return max((float(row["seconds"]) for row in csv.DictReader(file)), default=0.0)


def _export(
    network: MaskNetwork, config: UnmixConfig, run: Path, groups: tuple[tuple[int, ...], ...]
) -> None:
    """The checkpoint. Which sources an output holds is looked up on held-out mixtures; training never knows it."""
    labels = [" + ".join(ALL_SETS[config.name].labels[kind] for kind in group) for group in groups]
    described = {"name": checkpoint_name(config), "label": " + ".join(labels), "sources": labels}
    hub.save(run / "checkpoint", network, described)


def checkpoint_name(config: UnmixConfig) -> str:
    """By which the trained network is found, and the default name of its run."""
    more = ("-supervised" if config.supervised else "") + ("-inside" if config.inside else "")
    return f"{hub.MASK_PREFIX}{config.name}{more}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`train mask`'s arguments; defaults are the working config's."""
    parser.add_argument("set", help=f"pictures: {', '.join(SETS)}; sounds: {', '.join(SOUND_SETS)}")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the data")
    parser.add_argument("--run", type=Path, metavar="DIR", help="the run's folder (default: runs/mask-SET)")
    parser.add_argument("--config", choices=tuple(CONFIGS), default="working")
    parser.add_argument("--supervised", action="store_true", help="train the twin that sees the true sources")
    for name in OPTIONS:
        parser.add_argument(f"--{name}", type=int, metavar="N", help="default: the config's")
    parser.add_argument(
        "--without", choices=TERMS, action="append", default=[], help="leave a term out (may be repeated)"
    )
    parser.add_argument(
        "--inside", type=Path, metavar="DIR", help="a trained checkpoint: split the larger of its sources"
    )
    parser.add_argument("--precision", choices=("auto", "no", "bf16"), default="auto")
    parser.add_argument("--check-every", type=int, default=250, metavar="N", help="steps between states")


def configured(args: argparse.Namespace) -> UnmixConfig:
    """The named config with what was asked for on the command line. Raises DataError for an unknown set."""
    if args.set not in ALL_SETS:
        raise DataError(f"there is no set called '{args.set}'; available: {', '.join(ALL_SETS)}")
    config = CONFIGS[args.config][args.set]
    asked = {name: value for name in OPTIONS if (value := getattr(args, name)) is not None}
    weights = replace(config.weights, **dict.fromkeys(args.without, 0.0))
    if args.supervised and len(ALL_SETS[args.set].labels) != 2:
        raise DataError(f"--supervised needs a set of two kinds, and '{args.set}' has more")
    inside = "" if args.inside is None else str(args.inside)
    twin = TWIN if args.supervised and args.config == "working" else {}
    return replace(config, supervised=args.supervised, weights=weights, inside=inside, **twin | asked)


def larger_part(place: Path, name: str, mixtures: Float[Tensor, "n channels h w"]) -> Mask:
    """What the mask network `name` in `place` gives to the source that is the brighter one in all of `mixtures`."""
    network = hub.load_unmixer(name, place).network
    first, second = unmix_all(mixtures, network).sources.sum((0, 2, 3, 4)).tolist()
    return lambda mixture: unmix_all(mixture, network).sources[:, int(second > first)]


def run(args: argparse.Namespace) -> int:
    """The command; prints where the checkpoint is."""
    use_own_cores()
    config = configured(args)
    valid = draw(args.data, args.set, "valid", VALID_MIXTURES, VALID_SEED)
    mixtures = draw(args.data, args.set, "train", config.mixtures, config.seed)
    precision = ("bf16" if bf16_pays() else "no") if args.precision == "auto" else args.precision
    sums = mixtures.sums()
    inside: Mask = same
    if args.inside is not None:
        inside = larger_part(
            args.inside, checkpoint_name(replace(config, inside="")), to_float(sums[:VALID_MIXTURES])
        )
    folder = train(
        config,
        Pairs(mixtures) if config.supervised else Sums(sums, inside),
        valid,
        args.run or Path("runs") / checkpoint_name(config),
        precision=precision,
        check_every=args.check_every,
    )
    print(f"checkpoint: {folder}")
    return 0
