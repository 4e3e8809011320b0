"""How well the tagger hears what is in a recording, and what comes of it for the stems.

Windows are mixtures of up to four kinds, as `data/tagged.py` draws them; recordings hold two kinds, equally loud to
within 3 dB, for five windows. An absent source is ticked beside two kinds that are there and equally loud.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.bench.markdown import table
from bssdemo.bench.methods import Setting, refined, sharing_of
from bssdemo.checkpoints.hub import Tags
from bssdemo.data import tagged
from bssdemo.data.clips import Split
from bssdemo.data.kinds import Kind, Variety, load_kind
from bssdemo.metrics.presence import recall
from bssdemo.separation.guess import SUREST
from bssdemo.separation.methods import SEARCH, Controls, Setup
from bssdemo.separation.networks import priors_of
from bssdemo.separation.presence import ABSENT
from bssdemo.separation.run import snapshots

CLIPS = 240  # of each kind that windows are mixed of
WINDOWS = 5  # of a recording
WITHIN_DB = 3.0  # its two kinds
EMPTY = 0.01  # of the mixture's energy, 20 dB below: a stem of less is called empty
PLAIN = Variety(room=0.0, tilt_db=0.0, band=0.0, speed=0.0, noise=0.0, late=0.0)  # clips as they are
BATCH = 10  # mixtures searched at once


@dataclass(frozen=True)
class Heard:
    """Of one kind, each from 0 to 1."""

    kind: str
    recall: float  # at 95 % precision, over windows
    turned_down: float  # of the windows that hold it: those in which its share would be turned down
    empty: (
        float | None
    )  # of the windows without it: those in which its stem is empty; None where none were separated


@torch.no_grad()
def heard_in(windows: Float[Tensor, "N samples"], tags: Tags) -> Float[Tensor, "N kinds"]:
    """How sure the tagger is of each kind, from 0 to 1."""
    return torch.cat([torch.sigmoid(tags.network(part)) for part in windows.split(100)])


def kinds_of(data: Path, tags: Tags, split: Split) -> dict[str, Kind]:
    """The recordings of the tagger's kinds. Raises DataError where one has none."""
    return {name: load_kind(data, name, split) for name in tags.names}


def measure(
    kinds: Mapping[str, Kind], tags: Tags, mixtures: int, absent: int, seed: int, setting: Setting
) -> Iterator[Heard]:
    """Every kind on `mixtures` windows, and as the absent one of `absent` mixtures more (0: none are separated).

    `setting`: the search's, whatever its sources. Raises what loading the priors raises.
    """
    rng = np.random.default_rng([seed, 0])
    drawn = tagged.mixtures(tagged.pool(kinds, min(CLIPS, mixtures), tagged.VARIETY, rng), mixtures, rng)
    sure = heard_in(drawn.mix, tags)
    for at, name in enumerate(tags.names):
        asked, there = drawn.asked[:, at], drawn.there[:, at] > 0
        yield Heard(
            name,
            recall(sure[asked, at], drawn.there[asked, at]),
            float((sure[there, at] < ABSENT).float().mean()),
            float(np.mean(_emptied(kinds, name, absent, seed, setting))) if absent else None,
        )


def recordings(kinds: Mapping[str, Kind], tags: Tags, count: int, seed: int) -> float:
    """Recall at 95 % precision, all kinds together, over recordings: by the mean of their surest windows."""
    rng = np.random.default_rng([seed, 1])
    told, there = [], []
    for _ in range(count):
        pair = rng.choice(len(tags.names), 2, replace=False)
        gains = 10 ** (rng.uniform(-WITHIN_DB / 2, WITHIN_DB / 2, 2) / 20)
        clips = [kinds[tags.names[at]].draw(WINDOWS, PLAIN, rng) for at in pair]
        mix = sum(gain * sounds for gain, sounds in zip(gains, clips, strict=True))
        sure = heard_in(torch.from_numpy(np.asarray(mix, np.float32)), tags)
        told.append(sure.topk(SUREST, 0).values.mean(0))
        there.append(torch.zeros(len(tags.names)).index_fill_(0, torch.from_numpy(pair), 1.0))
    return recall(torch.cat(told), torch.cat(there))


def _emptied(kinds: Mapping[str, Kind], missing: str, count: int, seed: int, setting: Setting) -> list[bool]:
    """For `count` mixtures of two other kinds, in turn of every pair: whether the stem of the missing one is empty."""
    pairs = list(combinations([name for name in kinds if name != missing], 2))
    found: list[bool] = []
    for number, pair in enumerate(pairs):
        rng = np.random.default_rng([seed, 2, number])
        for size in _shared(len(range(number, count, len(pairs)))):
            clips = [kinds[name].draw(size, PLAIN, rng) for name in pair]
            mix = torch.from_numpy(np.sum(clips, 0))
            level = _levels(mix, (*pair, missing), setting)
            found += (level < EMPTY).tolist()
    return found


def _shared(count: int) -> list[int]:
    return [min(BATCH, count - start) for start in range(0, count, BATCH)]


def _levels(mix: Float[Tensor, "B samples"], sources: Sequence[str], setting: Setting) -> Float[Tensor, " B"]:
    """The energy of the last source's stem, in that of the mixture."""
    asked = Setting(tuple(sources), seed=setting.seed, steps=setting.steps, checkpoints=setting.checkpoints)
    networks = priors_of(asked.sources, asked.checkpoints)
    setup = Setup(asked.sources, networks, asked.config, asked.seed, level_known=True)
    *_, last = snapshots(mix, SEARCH, setup, Controls())
    stem = refined(mix, last.estimates, last.estimates, sharing_of(asked))[:, -1]
    return stem.square().sum(1) / mix.square().sum(1)


def tabled(found: Sequence[Heard], pooled: float | None) -> str:
    """A row for every kind; below it, what whole recordings give."""
    heads = ["kind", "recall at 95 % precision", "turned down though there", "stem empty where absent"]
    rows = [
        [
            one.kind,
            f"{one.recall:.2f}",
            f"{one.turned_down:.3f}",
            "" if one.empty is None else f"{one.empty:.2f}",
        ]
        for one in found
    ]
    lines = [table([heads, *rows])]
    if pooled is not None:
        lines.append(
            f"Recordings of {WINDOWS} windows, all kinds together: recall {pooled:.2f} at 95 % precision."
        )
    return "\n\n".join(lines)
