"""Pictures to mix: MNIST 0-4 against 5-9, Fashion-MNIST shoes against bags, colour shoes against bags, three digits.

| set | file in the data folder | arrays |
|---|---|---|
| mnist, digits-014 | mnist.npz | train, test (n, 28, 28) uint8 with train_label, test_label |
| fashion | fashion_shoes_bags.npz | the same; labels 5, 7, 9 are shoes, 8 bags |
| shoes-bags | shoes_bags.npz | shoes_train, bags_train, shoes_test, bags_test (n, 64, 64, 3) uint8 on white |

28 x 28 is padded to 32 x 32; the colour pictures are inverted, so that every background is 0 (Hoshen 2018,
section 5). A mixture is the plain sum of pictures in [0, 1], one of each kind; in digits-014 each kind is there
with probability 0.8 only, so a mixture holds none to three digits.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int16, UInt8
from torch import Tensor

from bssdemo.data.clips import DataError, Split
from bssdemo.models.mask import Discriminator, MaskNetwork

WHITE = 255
VALID_SHARE = 0.05  # of the training pictures, for choosing settings
PRESENCE = 1  # keeps the stream of who is present apart from those of the pictures


@dataclass(frozen=True)
class PictureSet:
    """Where a set's kinds of pictures are, and what they are called."""

    file: str
    labels: tuple[str, ...]
    channels: int
    size: int
    classes: tuple[tuple[int, ...], ...] | None = None  # by label; None: arrays named by kind
    presence: float = 1.0  # probability of each kind in a mixture, independently
    train_mixtures: int = 25_000  # section 5

    def networks(self, width: int, levels: int, bounded: bool) -> tuple[MaskNetwork, Discriminator]:
        """A new mask network and discriminator."""
        mask = MaskNetwork(self.channels, self.size, width, levels, bounded)
        return mask, Discriminator(self.channels, self.size, width, levels)

    @staticmethod
    def see(picture: Tensor) -> Tensor:
        """How the losses and a person look at pictures: as they are."""
        return picture


SETS: Mapping[str, PictureSet] = {
    "mnist": PictureSet("mnist.npz", ("digits 0-4", "digits 5-9"), 1, 32, ((0, 1, 2, 3, 4), (5, 6, 7, 8, 9))),
    "fashion": PictureSet("fashion_shoes_bags.npz", ("shoes", "bags"), 1, 32, ((5, 7, 9), (8,))),
    "shoes-bags": PictureSet("shoes_bags.npz", ("shoes", "bags"), 3, 64, train_mixtures=10_000),
    "digits-014": PictureSet(
        "mnist.npz", ("digit 0", "digit 1", "digit 4"), 1, 32, ((0,), (1,), (4,)), presence=0.8
    ),
}


@dataclass(frozen=True)
class Mixtures:
    """Mixtures with their true sources; value 255 is full brightness, so a sum of two may reach 510.

    `sums` is all that unsupervised training is given.
    """

    pictures: UInt8[np.ndarray, "n K channels h w"]

    def __len__(self) -> int:
        return len(self.pictures)

    def sums(self) -> Int16[np.ndarray, "n channels h w"]:
        """The mixtures themselves."""
        return self.pictures.sum(1, dtype=np.int16)

    def sources(self) -> Float[Tensor, "n K channels h w"]:
        """The true sources in [0, 1]."""
        return to_float(self.pictures)

    def paired(self, rows: Sequence[np.ndarray]) -> Mixtures:
        """New mixtures of each kind's pictures in its own rows."""
        return Mixtures(np.stack([self.pictures[row, kind] for kind, row in enumerate(rows)], axis=1))


def to_float(values: np.ndarray) -> Tensor:
    """Whole numbers with 255 for full brightness -> float32 with 1; other numbers keep their values."""
    full = WHITE if np.issubdtype(values.dtype, np.integer) else 1
    return torch.from_numpy(values.astype(np.float32) / full)


def draw_mixtures(data: Path, name: str, split: Split, count: int, seed: int) -> Mixtures:
    """`count` times one random picture of each kind; a function of (pictures, split, count, seed).

    No picture comes twice before all of its kind have come once.
    Raises DataError when the pictures are not there or the set is unknown.
    """
    kinds = load_kinds(data, name, split)
    streams = np.random.default_rng(seed).spawn(len(kinds))
    rows = [passes(len(kind), count, rng) for kind, rng in zip(kinds, streams, strict=True)]
    drawn = np.stack([kind[row] for kind, row in zip(kinds, rows, strict=True)], axis=1)
    present = np.random.default_rng([seed, PRESENCE]).random(drawn.shape[:2]) < SETS[name].presence
    drawn[~present] = 0
    return Mixtures(drawn)


def passes(size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` row numbers: one permutation of all rows after the other."""
    return np.concatenate([rng.permutation(size) for _ in range(-(-count // size))])[:count]


def load_kinds(data: Path, name: str, split: Split) -> tuple[np.ndarray, ...]:
    """All pictures of each kind, uint8 (n, channels, size, size), background 0.

    `valid` is the last part of the training pictures, which `train` leaves out.
    """
    if name not in SETS:
        raise DataError(f"there is no set of pictures called '{name}'; available: {', '.join(SETS)}")
    chosen, stored = SETS[name], "test" if split == "test" else "train"
    file = Path(data) / chosen.file
    if not file.is_file():
        raise DataError(f"no {chosen.file} in {data}: the '{name}' pictures are read from it")
    try:
        with np.load(file, allow_pickle=False) as arrays:
            kinds = _by_label(arrays, stored, chosen) if chosen.classes else _by_name(arrays, stored, chosen)
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{file} does not hold the {stored} arrays of '{name}' ({error})") from error
    parts = tuple(_part(kind, split) for kind in kinds)
    if not all(map(len, parts)):
        raise DataError(f"{file} holds no {split} pictures of one kind of '{name}'")
    return parts


def _by_label(arrays: Mapping[str, np.ndarray], stored: str, chosen: PictureSet) -> list[np.ndarray]:
    assert chosen.classes is not None
    pictures, labels = arrays[stored], arrays[f"{stored}_label"]
    margin = (chosen.size - pictures.shape[-1]) // 2
    padded = np.pad(pictures, ((0, 0), (margin, margin), (margin, margin)))[:, None]
    return [padded[np.isin(labels, classes)] for classes in chosen.classes]


def _by_name(arrays: Mapping[str, np.ndarray], stored: str, chosen: PictureSet) -> list[np.ndarray]:
    return [WHITE - arrays[f"{label}_{stored}"].transpose(0, 3, 1, 2) for label in chosen.labels]


def _part(pictures: np.ndarray, split: Split) -> np.ndarray:
    if split == "test":
        return pictures
    border = len(pictures) - max(1, round(VALID_SHARE * len(pictures)))
    return pictures[:border] if split == "train" else pictures[border:]
