"""The bundled examples: a mixture, its true sources, and a recorded run to replay at once.

examples/<slug>/recorded/ holds `frames.xz` (one JSON line per frame: [seconds, frame]; the last two are the
end with raw and with refined stems), a wav per refined stem, `residual.wav`, and the raw stems in `raw/`, written
by `python -m bssdemo.ui.record`. Without it an example still opens, unreplayed.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bssdemo.offline import RAW, RESIDUAL
from bssdemo.ui.frame import Kind
from bssdemo.ui.kept import Kept

FOLDER = Path(__file__).resolve().parents[2] / "examples"
RECORDED = "recorded"
FRAMES = "frames.xz"
MOST_FRAMES = 32


@dataclass(frozen=True)
class Example:
    """One folder of examples/."""

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

    def kept(self, labels: Sequence[str]) -> Kept | None:
        """What the recorded run left, its stems called `labels`; None when it is missing or not whole."""
        frames, recorded = self.frames(), self.folder / RECORDED
        refined = [recorded / f"{name}.wav" for name in self.sources]
        raw = [recorded / RAW / f"{name}.wav" for name in self.sources]
        residual = recorded / RESIDUAL
        if len(frames) < 2 or not all(path.is_file() for path in (*refined, *raw, residual)):
            return None
        last: dict[Kind, str] = {"raw": frames[-2][1], "refined": frames[-1][1]}
        return Kept(
            self.sources, tuple(labels), self.mixture, {"refined": refined, "raw": raw}, residual, last
        )

    def frames(self) -> list[tuple[float, str]]:
        """The recorded run: (seconds since its start, frame); empty when missing or unreadable."""
        try:
            with lzma.open(self.folder / RECORDED / FRAMES, "rt", encoding="utf-8") as stream:
                return [(float(seconds), str(frame)) for seconds, frame in map(json.loads, stream)]
        except (OSError, EOFError, ValueError, lzma.LZMAError):
            return []


def find(folder: Path = FOLDER) -> list[Example]:
    """All examples whose example.json and mixture can be read, simplest first."""
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
