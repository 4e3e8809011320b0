"""Train the tagger on mixtures of all kinds: which of them are there?

    loss = mean binary cross-entropy over the kinds

A kind counts as there from a hundredth of the mixture's energy on (-20 dB). Between that and -40 dB it is not asked
for: nobody could say. Every few steps clips are drawn and varied anew; they are mixed in other ways at every step.
The answers that ship are calibrated on validation mixtures: a factor and an offset for every kind (Platt 1999).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from jaxtyping import Bool, Float
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bssdemo.audio.format import SAMPLES
from bssdemo.checkpoints import hub
from bssdemo.data.kinds import Kind, Variety, load_kind
from bssdemo.models.tagger import Tagger
from bssdemo.training.loop import Pace, cosine, run_steps

THERE, SILENT = 1e-2, 1e-4  # of the mixture's energy
RISE = 50  # steps over which the rate rises
VALID_CLIPS, VALID_MIXTURES, VALID_SEED = 120, 1200, 10_000_019
WANTED = 0.95  # precision at which the recall is told
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
    counts: tuple[float, ...] = (0.04, 0.2, 0.4, 0.27, 0.09)  # probabilities of 0 to 4 kinds
    gain_db: float = 5.0  # standard deviation of each source's gain, at most 12
    noise: float = 0.2  # probability of noise, 10 to 30 dB below
    variety: Variety = field(default_factory=lambda: Variety(speed=0.1, tilt_db=5.0))
    seed: int = 0


@dataclass(frozen=True)
class Drawn:
    """Mixtures, which kinds are there, and which can be asked for."""

    mix: Float[Tensor, "B samples"]
    there: Float[Tensor, "B kinds"]
    asked: Bool[Tensor, "B kinds"]


def pool(kinds: Mapping[str, Kind], count: int, variety: Variety, rng: np.random.Generator) -> np.ndarray:
    """float32 (kinds, count, 16384): clips to mix."""
    return np.stack([kind.draw(count, variety, rng) for kind in kinds.values()])


def mixtures(config: TaggerConfig, clips: np.ndarray, count: int, rng: np.random.Generator) -> Drawn:
    """`count` mixtures of the clips."""
    kinds, many, _ = clips.shape
    mix, energy = np.zeros((count, SAMPLES), np.float32), np.zeros((count, kinds))
    for row in range(count):
        sources = min(int(rng.choice(len(config.counts), p=config.counts)), kinds)
        for kind in rng.choice(kinds, sources, replace=False):
            gain = 10 ** (np.clip(rng.normal(0, config.gain_db), -12, 12) / 20)
            source = np.float32(gain) * clips[kind, rng.integers(many)]
            mix[row] += source
            energy[row, kind] = np.square(source).sum()
        if not sources or rng.random() < config.noise:
            mix[row] += _noise(rng) * np.float32(10 ** (-rng.uniform(10, 30) / 20))
    part = torch.from_numpy(energy / (np.square(mix).sum(1, keepdims=True) + 1e-9))
    return Drawn(torch.from_numpy(mix), (part > THERE).float(), (part > THERE) | (part < SILENT))


def _noise(rng: np.random.Generator) -> np.ndarray:
    """White to brown, its peak one."""
    spectrum = np.fft.rfft(rng.standard_normal(SAMPLES))
    falling = np.maximum(np.arange(len(spectrum)), 3.0) ** -rng.uniform(0, 1.2)
    noise = np.fft.irfft(spectrum * falling)
    return (noise / np.abs(noise).max()).astype(np.float32)


def loss_of(logits: Float[Tensor, "B kinds"], drawn: Drawn) -> Float[Tensor, ""]:
    """See the module's first lines."""
    each = F.binary_cross_entropy_with_logits(logits.float(), drawn.there, reduction="none")
    return (each * drawn.asked).sum() / drawn.asked.sum()


def recall(logits: Float[Tensor, " B"], there: Float[Tensor, " B"], precision: float = WANTED) -> float:
    """The largest part of what is there that is found at this precision, over all thresholds."""
    right = there[logits.argsort(descending=True)].cumsum(0)
    enough = (right / torch.arange(1, len(right) + 1) >= precision).nonzero()
    return float(right[enough[-1, 0]] / there.sum()) if len(enough) else 0.0


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
    valid = mixtures(config, pool(held, VALID_CLIPS, config.variety, rng), VALID_MIXTURES, rng)

    def update(step: int) -> Mapping[str, float]:
        rate = cosine(step, config.steps, config.learning_rate) * min(1.0, step / RISE)
        for group in adam.param_groups:
            group["lr"] = rate
        turn = step // config.lasting
        if turn not in clips:
            clips.clear()
            drawing = np.random.default_rng([seed, turn])
            clips[turn] = pool(kinds, config.clips, config.variety, drawing)
        drawn = mixtures(config, clips[turn], config.batch, np.random.default_rng([seed, step, 1]))
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
