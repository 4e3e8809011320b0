"""The bundled example pictures of a set, two kinds of them (examples/build_pictures.py), and what they make mixed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo import image

FOLDER = Path(__file__).resolve().parents[3] / "examples" / "pictures"


@dataclass(frozen=True)
class Examples:
    """The N-th picture of either kind, for every N; the N-th example mixes those two."""

    kinds: tuple[str, str]
    titles: tuple[tuple[str, str], ...]
    sources: Float[Tensor, "n 2 channels size size"]  # as the network sees them: background 0
    inverted: bool  # the files' background is bright
    attribution: str
    folder: Path

    def __len__(self) -> int:
        return len(self.titles)

    def title(self, number: int) -> str:
        """What the mixture holds."""
        first, second = self.titles[number]
        return f"{first} + {second}"

    def file(self, number: int) -> Path:
        """The mixture as a file: the average of the two."""
        return self.folder / f"mixture-{number + 1}.png"

    def mixture(self, number: int) -> Float[Tensor, "channels size size"]:
        """The sum of the two."""
        return self.sources[number].sum(0)

    def mixtures(self, most: int) -> Float[Tensor, "m channels size size"]:
        """At most `most` different sums of one picture of either kind; the examples come first."""
        count = len(self)
        pairs = [(row, (row + shift) % count) for shift in range(count) for row in range(count)][:most]
        first, second = zip(*pairs, strict=True)
        return self.sources[list(first), 0] + self.sources[list(second), 1]


def find(name: str, channels: int, size: int, folder: Path = FOLDER) -> Examples | None:
    """The set's examples for a network of that size; None where there are none or they cannot be read."""
    home = folder / name
    try:
        told = json.loads((home / "pictures.json").read_text(encoding="utf-8"))
        titles = tuple((str(first), str(second)) for first, second in told["titles"])
        fitted = [
            image.fit(image.read(home / f"{kind}-{number}.png", channels), size)
            for number in range(1, len(titles) + 1)
            for kind in ("first", "second")
        ]
        first, second = told["kinds"]
        attribution = str(told["attribution"])
    except (OSError, ValueError, KeyError):
        return None
    sources = torch.stack([picture.values for picture in fitted]).unflatten(0, (-1, 2))
    inverted = all(picture.inverted for picture in fitted)
    return Examples((str(first), str(second)), titles, sources, inverted, attribution, home)
