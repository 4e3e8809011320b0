"""The bundled examples: a mixture, its true sources, and a recorded run to replay at once.

examples/<slug>/recorded/ holds `frames.xz` (one JSON line per frame: [seconds, frame as the board is sent it]; the
last two are the end with raw and with refined stems), a wav per refined stem, `residual.wav`, and the raw stems in
`raw/`, written by `python -m bssdemo.ui.audio.record`. Without it an example still opens, unreplayed.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import soundfile
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo.search.refine import refine
from bssdemo.separation import Heard, read
from bssdemo.separation.files import RAW
from bssdemo.separation.names import RESIDUAL
from bssdemo.separation.scores import Truths
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.session import Kind

FOLDER = Path(__file__).resolve().parents[3] / "examples"
RECORDED = "recorded"
FRAMES = "frames.xz"
MOST_FRAMES = 32
SAME = 1e-3  # difference of two readings of one mixture, far above 16 bits


@dataclass(frozen=True)
class Example:
    """One folder of examples/; whatever is read of it is read once."""

    slug: str
    title: str
    sources: tuple[str, ...]  # prior names, one per true source, in the stems' order
    attribution: str
    folder: Path

    @property
    def mixture(self) -> Path:
        return self.folder / "mixture.wav"

    def truths(self) -> list[Path]:
        """The true sources' files, named as the sources."""
        return [path for name in self.sources if (path := self.folder / f"{name}.wav").is_file()]

    @cached_property
    def length(self) -> int:
        """Samples of the mixture, which is at the search's own rate; told without decoding it."""
        return int(soundfile.info(self.mixture).frames)

    @cached_property
    def heard(self) -> Heard:
        return replace(read(self.mixture), name=f"{self.slug}.wav")

    @cached_property
    def refs(self) -> dict[str, Float[Tensor, " samples"]]:
        """The true sources, mono at 16 kHz, by name."""
        return {path.stem: read(path).mono for path in self.truths()}

    @cached_property
    def raw(self) -> Float[Tensor, "K samples"]:
        """The recorded run's estimates."""
        return torch.stack([read(file).mono for file in self._stems("raw")])

    @cached_property
    def frames(self) -> list[tuple[float, str]]:
        """The recorded run: (seconds since its start, frame); empty when missing or unreadable."""
        try:
            with lzma.open(self.folder / RECORDED / FRAMES, "rt", encoding="utf-8") as stream:
                return [(float(seconds), str(frame)) for seconds, frame in map(json.loads, stream)]
        except (OSError, EOFError, ValueError, lzma.LZMAError):
            return []

    def outcome(self, labels: Sequence[str]) -> Outcome | None:
        """What the recorded run left, its stems called `labels`; None when it is missing or not whole."""
        stems: dict[Kind, Sequence[Path]] = {kind: self._stems(kind) for kind in ("refined", "raw")}
        residual = self.folder / RECORDED / f"{RESIDUAL}.wav"
        files = (*stems["refined"], *stems["raw"], residual)
        if len(self.frames) < 2 or not all(path.is_file() for path in files):
            return None
        frames: dict[Kind, str] = {"raw": self.frames[-2][1], "refined": self.frames[-1][1]}
        refined = refine(self.heard.mono, self.raw).stems
        return Outcome(
            self.sources, tuple(labels), self.heard, self.raw, refined, self.mixture, stems, residual, frames
        )

    def _stems(self, kind: Kind) -> list[Path]:
        folder = self.folder / RECORDED
        return [(folder / RAW if kind == "raw" else folder) / f"{name}.wav" for name in self.sources]


def find(folder: Path = FOLDER) -> list[Example]:
    """All examples whose example.json and mixture can be read: simplest first."""
    found = []
    for file in sorted(folder.glob("*/example.json")):
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            example = Example(
                file.parent.name, told["title"], tuple(told["sources"]), told["attribution"], file.parent
            )
        except (OSError, ValueError, KeyError):
            continue
        if example.mixture.is_file():
            found.append(example)
    return sorted(found, key=lambda example: (len(example.sources), example.slug != "digit-piano"))


def known(
    mono: Float[Tensor, " samples"], sources: Sequence[str], examples: Sequence[Example]
) -> Truths | None:
    """The true sources of the example whose mixture this is, if it is one and its own sources were looked for."""
    example = bundled(mono, sources, examples)
    return Truths(torch.stack([example.refs[name] for name in sources])) if example else None


def bundled(
    mono: Float[Tensor, " samples"], sources: Sequence[str], examples: Sequence[Example]
) -> Example | None:
    """The example whose mixture this is, if its own sources were looked for."""
    for example in examples:
        if sorted(sources) != sorted(path.stem for path in example.truths()) or example.length != len(mono):
            continue
        if (example.heard.mono - mono).abs().max() < SAME:
            return example
    return None


def thin(frames: Sequence[tuple[float, str]], most: int = MOST_FRAMES) -> list[tuple[float, str]]:
    """At most `most` frames evenly spaced, the first and the last always among them."""
    if len(frames) <= most:
        return list(frames)
    return [frames[round(at * (len(frames) - 1) / (most - 1))] for at in range(most)]


def store(folder: Path, frames: Sequence[tuple[float, str]], refined: str) -> Path:
    """Write a recorded run's frames into `folder`, thinned and compressed, then its last one `refined`."""
    path = folder / FRAMES
    with lzma.open(path, "wt", encoding="utf-8", preset=9) as stream:
        for seconds, frame in [*thin(frames), (frames[-1][0], refined)]:
            stream.write(json.dumps([round(seconds, 3), frame]) + "\n")
    return path
