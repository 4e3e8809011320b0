"""Recordings of any length: windows of 1.024 s from onset to onset, searched together, joined without seams.

Every window is brought to the search's level by itself, whatever its loudness in the recording, and
its estimates are scaled back: a quiet passage is explained as carefully as a loud one. Silent windows are
not searched; they give silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from bssdemo.audio import AudioError, is_silent, pause_level, to_search_level
from bssdemo.audio.format import SAMPLES
from bssdemo.audio.windows import Layout, cut, join, lay_out
from bssdemo.models.wavegan import Generator
from bssdemo.search.objective import Weights
from bssdemo.search.pgd import PRESETS, SearchConfig, separate
from bssdemo.search.starts import Encoders
from bssdemo.snapshot import Snapshot

LONG = 3 * SAMPLES  # a longer recording is searched from one start ...
LONG_STEPS = 50  # ... in at most so many steps; the default's are fewer
AT_ONCE = 192  # generator outputs in one batch, one per window, start and source: about 1.5 GB


def separate_long(
    mono: Float[Tensor, " samples"],
    priors: Sequence[Generator],
    config: SearchConfig = PRESETS["balanced"],
    *,
    encoders: Encoders | None = None,
    generator: torch.Generator | None = None,
    weights: Callable[[], Weights] | None = None,
    stop: Callable[[], bool] | None = None,
    layout: Layout | None = None,
) -> Iterator[Snapshot]:
    """`separate` for a recording of any length: snapshots whose estimates (K, samples) span all of it.

    `mono`: 16 kHz, at any level, which is also the estimates'. `layout`: its windows, if they are laid out
    already. The other arguments are those of
    `separate`. Terms and total are means, gains medians over the windows in search. A recording too long for one
    batch is searched stretch by stretch, from its beginning: `steps` counts the steps of all, and
    stretches not yet reached are silence.
    Raises ValueError, on the call itself, for what `separate` refuses; AudioError for silence.
    """
    if len(priors) == 0:
        raise ValueError("choose at least one source to look for: no priors were given")
    recording, levelled = _levelled(mono, len(priors), layout)
    searches = [
        separate(
            mixes,
            priors,
            config,
            encoders=encoders,
            generator=generator,
            weights=weights,
            stop=stop,
        )
        for mixes in levelled.split(at_once(len(priors), config))
    ]
    return _in_turn(searches, recording)


def separate_many(
    monos: Sequence[Float[Tensor, " _"]],
    priors: Sequence[Generator],
    config: SearchConfig = PRESETS["balanced"],
    *,
    encoders: Encoders | None = None,
    generator: torch.Generator | None = None,
    stop: Callable[[], bool] | None = None,
    layouts: Sequence[Layout | None] | None = None,
) -> Iterator[tuple[Snapshot, ...]]:
    """`separate_long` for several recordings at once: their windows are one batch; a snapshot of each at every step.

    They should have at most `at_once` windows together. `elapsed` is each recording's share of the batch's time.
    Raises what `separate_long` raises, for any of them.
    """
    if len(priors) == 0:
        raise ValueError("choose at least one source to look for: no priors were given")
    prepared = [
        _levelled(mono, len(priors), layout)
        for mono, layout in zip(monos, layouts or [None] * len(monos), strict=True)
    ]
    sizes = [len(levelled) for _, levelled in prepared]
    mixes = torch.cat([levelled for _, levelled in prepared])
    search = separate(mixes, priors, config, encoders=encoders, generator=generator, stop=stop)
    return (
        tuple(
            _told(part, recording, len(part.total) / len(mixes))
            for part, (recording, _) in zip(_parted(snapshot, sizes), prepared, strict=True)
        )
        for snapshot in search
    )


def for_length(config: SearchConfig, samples: int) -> SearchConfig:
    """What a search of many windows can afford: beyond 3 s a single start and fewer steps."""
    if samples <= LONG:
        return config
    return replace(config, starts=1, explore=None, steps=min(config.steps, LONG_STEPS))


@dataclass(frozen=True)
class _Recording:
    """How the windows in search lie in the recording."""

    layout: Layout
    heard: Int[Tensor, " heard"]  # their numbers; the others are silent
    gains: Float[Tensor, " heard"]  # of the recording's level to the search's

    def joined(self, estimates: Float[Tensor, "reached K length"]) -> Float[Tensor, "K samples"]:
        """The estimates of the first windows in search, at the recording's level; silence elsewhere."""
        reached, sources, length = estimates.shape
        pieces = estimates.new_zeros(sources, len(self.layout.starts), length)
        pieces[:, self.heard[:reached]] = (estimates / self.gains[:reached, None, None]).transpose(0, 1)
        return join(pieces, self.layout)


def at_once(sources: int, config: SearchConfig) -> int:
    """Windows in one batch."""
    return max(1, AT_ONCE // (config.starts * sources))


def _levelled(
    mono: Float[Tensor, " samples"], sources: int, layout: Layout | None
) -> tuple[_Recording, Float[Tensor, "heard length"]]:
    """How a recording is searched, and those of its windows that are not silent, at the search's level."""
    mono = mono.detach().cpu()
    layout = layout or lay_out(mono, SAMPLES)
    pieces = cut(mono, layout)
    pause = pause_level(mono)
    heard = [number for number, piece in enumerate(pieces) if not is_silent(piece, pause)]
    if not heard:
        raise AudioError("the recording is silent; choose one with sound in it")
    levelled = [to_search_level(pieces[number], sources) for number in heard]
    recording = _Recording(layout, torch.tensor(heard), torch.tensor([gain for _, gain in levelled]))
    return recording, torch.stack([mix for mix, _ in levelled])


def _parted(snapshot: Snapshot, sizes: Sequence[int]) -> Iterator[Snapshot]:
    """A batch's snapshot cut into those of so many windows each."""
    for rows in torch.arange(sum(sizes)).split(list(sizes)):
        yield replace(
            snapshot,
            terms={name: value[rows] for name, value in snapshot.terms.items()},
            total=snapshot.total[rows],
            estimates=snapshot.estimates[rows],
            gains=None if snapshot.gains is None else snapshot.gains[rows],
            leash=None if snapshot.leash is None else snapshot.leash[rows],
        )


def _told(windows: Snapshot, recording: _Recording, share: float) -> Snapshot:
    """A snapshot of all of a recording's windows as a state of the recording."""
    return replace(
        windows,
        terms={name: value.mean() for name, value in windows.terms.items()},
        total=windows.total.mean(),
        estimates=recording.joined(windows.estimates),
        elapsed=share * windows.elapsed,
        leash=None if windows.leash is None else windows.leash.mean(),
        gains=None if windows.gains is None else windows.gains.median(0).values,
    )


def _in_turn(searches: Sequence[Iterator[Snapshot]], recording: _Recording) -> Iterator[Snapshot]:
    """One search after the other, each told as a state of the whole recording."""
    began, before = time.perf_counter(), 0
    finished: list[Snapshot] = []
    for number, search in enumerate(searches):
        for snapshot in search:
            reached = [*finished, snapshot]
            stopped = snapshot.done and snapshot.step < snapshot.steps
            done = stopped or (snapshot.done and number == len(searches) - 1)
            yield Snapshot(
                step=before + snapshot.step,
                steps=len(searches) * snapshot.steps,
                terms={name: _mean([one.terms[name] for one in reached]) for name in snapshot.terms},
                total=_mean([one.total for one in reached]),
                estimates=recording.joined(torch.cat([one.estimates for one in reached])),
                elapsed=time.perf_counter() - began,
                done=done,
                leash=_mean([one.leash for one in reached if one.leash is not None]),
                gains=_median([one.gains for one in reached if one.gains is not None]),
            )
            if done:
                return
        finished.append(snapshot)
        before += snapshot.step


def _median(gains: Sequence[Float[Tensor, "windows K"]]) -> Float[Tensor, " K"] | None:
    return torch.cat(list(gains)).median(0).values if gains else None


def _mean(values: Sequence[Float[Tensor, " windows"]]) -> Float[Tensor, ""]:
    return torch.cat(list(values)).mean()
