"""Train the tagger on mixtures of all kinds: which of them are there?

    loss = mean binary cross-entropy over the kinds

`data/tagged.py` draws the mixtures and tells what counts as there. Every few steps clips are drawn and varied anew;
they are mixed in other ways at every step. The answers that ship are calibrated on validation mixtures: a factor and
an offset for every kind (Platt 1999).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from jaxtyping import Float
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bssdemo.checkpoints import hub
from bssdemo.data.kinds import Variety, load_kind
from bssdemo.data.tagged import COUNTS, GAIN_DB, NOISE, VARIETY, Drawn, mixtures, pool
from bssdemo.metrics.presence import recall
from bssdemo.models.tagger import Tagger
from bssdemo.training.loop import Pace, cosine, run_steps

RISE = 50  # steps over which the rate rises
VALID_CLIPS, VALID_MIXTURES, VALID_SEED = 120, 1200, 10_000_019
COLUMNS = ["step", "seconds", "loss", "learning_rate", "valid_loss", "valid_recall"]


@dataclass(frozen=True)
class TaggerConfig:
    """One training run; everything that decides its result."""

    kinds: tuple[str, ...] = ("speech", "drums", "piano", "guitar", "bass", "strings")
    width: int = 24
    steps: int = 4000
    batch: int = 48
    learning_rate: float = 2e-3  # cosine decay to a hundredth
    average: float = 0.995  # of the running average that ships
    clips: int = 14  # of each kind, drawn for `lasting` steps
    lasting: int = 4
    counts: tuple[float, ...] = COUNTS
    gain_db: float = GAIN_DB
    noise: float = NOISE
    variety: Variety = VARIETY
    seed: int = 0


def drawn_of(config: TaggerConfig, clips: np.ndarray, count: int, rng: np.random.Generator) -> Drawn:
    """`count` mixtures of the clips."""
    return mixtures(clips, count, rng, config.counts, config.gain_db, config.noise)


def loss_of(logits: Float[Tensor, "B kinds"], drawn: Drawn) -> Float[Tensor, ""]:
    """See the module's first lines."""
    each = F.binary_cross_entropy_with_logits(logits.float(), drawn.there, reduction="none")
    return (each * drawn.asked).sum() / drawn.asked.sum()


def calibrated(network: Tagger, drawn: Drawn) -> Tagger:
    """A copy whose log odds are true ones on `drawn`: every kind's answer scaled and shifted."""
    with torch.no_grad():
        logits = torch.cat([network(part) for part in drawn.mix.split(100)])
    scale, shift = torch.ones(network.outputs), torch.zeros(network.outputs)
    fitted = [scale.requires_grad_(), shift.requires_grad_()]
    solver = torch.optim.LBFGS(fitted, max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        solver.zero_grad()
        loss = loss_of(logits * scale + shift, drawn)
        loss.backward()
        return loss

    solver.step(closure)
    copy = Tagger(**network.config)
    copy.load_state_dict(network.state_dict())
    with torch.no_grad():
        copy.answer.weight *= scale[:, None]
        copy.answer.bias.copy_(network.answer.bias * scale + shift)
    return copy.freeze()


def train(
    config: TaggerConfig,
    data: Path,
    run: Path,
    *,
    precision: str = "no",
    save_every: int = 200,
    check_every: int = 400,
) -> Path:
    """Run or resume to the end; returns the checkpoint's folder. Raises DataError, TrainingError."""
    kinds = {name: load_kind(data, name, "train") for name in config.kinds}
    held = {name: load_kind(data, name, "valid") for name in config.kinds}
    accelerator = Accelerator(mixed_precision=precision)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        network = Tagger(len(config.kinds), config.width)
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(config.average))
    accelerator.register_for_checkpointing(averaged)
    shipped = averaged.module
    assert isinstance(shipped, Tagger)
    adam = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    network, adam = accelerator.prepare(network, adam)
    seed = config.seed + 7919 * accelerator.process_index
    clips: dict[int, np.ndarray] = {}
    rng = np.random.default_rng(VALID_SEED)
    valid = drawn_of(config, pool(held, VALID_CLIPS, config.variety, rng), VALID_MIXTURES, rng)

    def update(step: int) -> Mapping[str, float]:
        rate = cosine(step, config.steps, config.learning_rate) * min(1.0, step / RISE)
        for group in adam.param_groups:
            group["lr"] = rate
        turn = step // config.lasting
        if turn not in clips:
            clips.clear()
            drawing = np.random.default_rng([seed, turn])
            clips[turn] = pool(kinds, config.clips, config.variety, drawing)
        drawn = drawn_of(config, clips[turn], config.batch, np.random.default_rng([seed, step, 1]))
        with accelerator.autocast():
            loss = loss_of(network(drawn.mix.to(accelerator.device)), drawn)
        adam.zero_grad()
        accelerator.backward(loss)
        adam.step()
        averaged.update_parameters(accelerator.unwrap_model(network))
        return {"loss": loss.item(), "learning_rate": rate}

    @torch.no_grad()
    def check(step: int) -> Mapping[str, float]:
        logits = torch.cat([shipped(part) for part in valid.mix.split(100)])
        told = [
            recall(logits[asked, k], valid.there[asked, k]) for k, asked in enumerate(valid.asked.unbind(1))
        ]
        return {"valid_loss": loss_of(logits, valid).item(), "valid_recall": float(np.mean(told))}

    def export() -> None:
        named = {"name": hub.TAGGER_NAME, "label": "what is in it", "sources": list(config.kinds)}
        hub.save(run / "checkpoint", calibrated(shipped, valid), named)

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
