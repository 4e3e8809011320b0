"""A folder of short recordings, a file that is none among them, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bssdemo.folders.found import find
from bssdemo.folders.run import separate
from bssdemo.folders.work import Asked, Outcome
from bssdemo.machine.tasks import Place, here
from bssdemo.separation import Request

LENGTHS = {"a.wav": 0.4, "b.flac": 1.3, "sub/a.wav": 0.6, "sub/deep/c.wav": 2.2}  # seconds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four stereo recordings in a tree, a text, and a sound file that is none."""
    inside = tmp_path / "in"
    for number, (name, seconds) in enumerate(LENGTHS.items()):
        time = np.arange(round(22_050 * seconds)) / 22_050
        tone = 0.3 * np.sin(2 * np.pi * (220 + 90 * number) * time) * np.exp(-time)
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(inside / name, np.stack([tone, 0.5 * tone], 1), 22_050)
    (inside / "notes.txt").write_text("no recording")
    (inside / "sub" / "broken.wav").write_text("nonsense")
    return inside


@pytest.fixture
def asked(tmp_path: Path, tiny_checkpoints: Path) -> Asked:
    request = Request(("digit", "piano"), steps=2)
    return Asked(request, tmp_path / "out", tiny_checkpoints)


@pytest.fixture
def outcomes(folder: Path, asked: Asked) -> Callable[..., dict[str, Outcome]]:
    """What became of each file of the folder, by its place; in this process, unless told otherwise."""

    def run(place: Place = here, asked: Asked = asked) -> dict[str, Outcome]:
        found = find([folder], asked.out)
        told = {one.entry.place.as_posix(): one for one in separate(asked, found, place)}
        assert len(told) == len(found)  # nothing lost, nothing twice
        return told

    return run


def sounds(out: Path) -> dict[str, bytes]:
    """Every WAV of a folder of results."""
    return {file.relative_to(out).as_posix(): file.read_bytes() for file in sorted(out.rglob("*.wav"))}
