"""Is a source in the recording at all, and in which windows? What the tagger hears, or else every encoder along time.

The tagger hears the kinds of the shipped priors all at once. A prior of somebody's own has its encoder's word.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from bssdemo.audio.levels import is_silent, pause_level
from bssdemo.audio.windows import Layout, cut
from bssdemo.checkpoints.hub import Prior, Tags
from bssdemo.models.encoder import TimedEncoder
from bssdemo.separation.heard import Heard
from bssdemo.separation.networks import DENSE

FOUND = 0.3  # an encoder's least confidence, in its surest window, of a source that is not called missing (docs/log.md)
ABSENT = 0.05  # the tagger's in a window; below it the source's share is turned down ...
ABSENT_LONG = 0.25  # ... and, in the surest of LONG windows and more, in all of them
LONG = 3
TURNED_DOWN = 0.07  # of a share, 23 dB
HEARD_AS = {"digit": "speech"}  # a prior's name -> the tagger's for its kind, where they differ
AT_ONCE = 64  # windows


def tagged(heard: Heard, tags: Tags | None) -> Float[Tensor, "windows outputs"]:
    """What the tagger hears in every window of a recording. A run asks once and passes it on."""
    return _tagged(cut(heard.mono, heard.windows), tags)


@torch.no_grad()
def confidence(
    heard: Heard,
    priors: Sequence[Prior],
    tags: Tags | None = None,
    most: int | None = None,
    known: Float[Tensor, "windows outputs"] | None = None,
) -> list[Float[Tensor, " windows"] | None]:
    """For every prior the probability, window by window, that its source is there; 0 where the recording is silent.

    None for a prior of which nothing can tell. Of more than `most` windows only so many are heard, evenly spread.
    `known`: what the tagger hears in all of them, if it was asked already.
    """
    windows = cut(heard.mono, heard.windows)
    if most is not None and len(windows) > most:
        chosen = torch.linspace(0, len(windows) - 1, most).round().long()
        windows, known = windows[chosen], None if known is None else known[chosen]
    sounding = _sounding(windows, heard.mono)
    by_tagger = _tagged(windows, tags) if known is None else known
    told: list[Tensor | None] = []
    for prior in priors:
        output = _output(prior, tags)
        if output is not None:
            told.append(by_tagger[:, output] * sounding)
        elif isinstance(prior.encoder, TimedEncoder):
            there = next(prior.encoder.parameters()).device
            _, _, logit = prior.encoder(windows.to(there), hear=True)
            told.append(torch.sigmoid(logit).cpu() * sounding)
        else:
            told.append(None)
    return told


def missing(
    heard: Heard,
    priors: Sequence[Prior],
    labels: Sequence[str],
    tags: Tags | None = None,
    known: Float[Tensor, "windows outputs"] | None = None,
) -> list[str]:
    """One sentence for each source that no window holds: "drums: not found"."""
    found = confidence(heard, priors, tags, known=known)
    return [
        f"{label}: not found in this recording."
        for label, prior, told in zip(labels, priors, found, strict=True)
        if told is not None and float(told.max()) < least(prior, tags, len(told))
    ]


def least(prior: Prior, tags: Tags | None, windows: int) -> float:
    """The confidence, in the surest of so many windows, below which a source counts as not there."""
    if _output(prior, tags) is None:
        return FOUND
    return ABSENT_LONG if windows >= LONG else ABSENT


def factors(
    windows: Float[Tensor, "N samples"], priors: Sequence[Prior], tags: Tags | None
) -> Float[Tensor, "N K"] | None:
    """What a source's share of every window is scaled by: little where the tagger does not hear it, else 1.

    None where all stay as they are. An encoder's word is not enough for that, and two sources of a kind cannot be
    told apart by it: they stay. So does a window in which none of the sources is heard: something sounds there.
    """
    return _factors(_tagged(windows, tags), priors, tags)


def factors_of(
    mono: Float[Tensor, " samples"],
    layout: Layout,
    priors: Sequence[Prior],
    tags: Tags | None,
    known: Float[Tensor, "windows outputs"] | None = None,
) -> Float[Tensor, "windows K"] | None:
    """`factors` of a recording's windows; a source that is called missing is turned down in all of them."""
    windows = cut(mono, layout)
    by_tagger = _tagged(windows, tags) if known is None else known
    heard = by_tagger * _sounding(windows, mono)[:, None]
    bound = ABSENT_LONG if len(windows) >= LONG else ABSENT
    return _factors(torch.where(heard.amax(0) < bound, 0.0, heard), priors, tags)


def _factors(
    heard: Float[Tensor, "N outputs"], priors: Sequence[Prior], tags: Tags | None
) -> Float[Tensor, "N K"] | None:
    outputs = [_output(prior, tags) for prior in priors]
    if all(output is None for output in outputs):
        return None
    scale = torch.ones(len(heard), len(priors))
    for column, output in enumerate(outputs):
        if output is not None and outputs.count(output) == 1:
            scale[:, column] = torch.where(heard[:, output] < ABSENT, TURNED_DOWN, 1.0)
    nobody = (scale < 1).all(1, keepdim=True)
    return torch.where(nobody, torch.ones_like(scale), scale)


def _sounding(windows: Float[Tensor, "N samples"], mono: Float[Tensor, " _"]) -> Bool[Tensor, " N"]:
    """Which windows of the recording are not silent."""
    pause = pause_level(mono)
    return torch.tensor([not is_silent(window, pause) for window in windows])


@torch.no_grad()
def _tagged(windows: Float[Tensor, "N samples"], tags: Tags | None) -> Float[Tensor, "N outputs"]:
    if tags is None:
        return windows.new_zeros(len(windows), 0)
    return torch.cat([torch.sigmoid(tags.network(part)) for part in windows.split(AT_ONCE)])


def _output(prior: Prior, tags: Tags | None) -> int | None:
    """Which of the tagger's outputs is this prior's kind: a prior from somebody's folder may be of any kind."""
    if tags is None or prior.origin == "folder":
        return None
    name = prior.name.removesuffix(DENSE)
    name = HEARD_AS.get(name, name)
    return tags.names.index(name) if name in tags.names else None
