"""Everything a mask network can be trained on, pictures and sounds, behind one shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bssdemo.data.clips import DataError, Split
from bssdemo.data.pictures import SETS, Mixtures, PictureSet, draw_mixtures
from bssdemo.data.spectrograms import SOUND_SETS, SoundMixtures, SoundSet, draw_sounds

Drawn = Mixtures | SoundMixtures
ALL_SETS: Mapping[str, PictureSet | SoundSet] = {**SETS, **SOUND_SETS}


def draw(data: Path, name: str, split: Split, count: int, seed: int) -> Drawn:
    """`count` mixtures of a set with their true sources, a function of (data, split, count, seed). Raises DataError."""
    if name not in ALL_SETS:
        raise DataError(f"there is no set called '{name}'; available: {', '.join(ALL_SETS)}")
    return (draw_sounds if name in SOUND_SETS else draw_mixtures)(data, name, split, count, seed)
