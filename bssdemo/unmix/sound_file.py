"""`python -m bssdemo unmix RECORDING --set digit-drums --out DIR`: a recording of two sounds in, both stems out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from bssdemo.hub import Unmixer


def unmix_recording(path: Path, unmixer: Unmixer) -> dict[str, Float[Tensor, " samples"]]:
    """The mixture (16 kHz mono) and its two stems by name; the stems add up to it. Raises AudioError."""
    from bssdemo import audio
    from bssdemo.unmix.method import method

    mono = audio.to_mono_16k(audio.read(path))
    *_, answer = method(unmixer, unmixer.sources).separate(mono, len(unmixer.sources))
    stems = dict(zip(unmixer.sources, answer.estimates, strict=True))
    return {**stems, "mixture": mono}


def write_recordings(folder: Path, sounds: dict[str, Float[Tensor, " samples"]]) -> list[Path]:
    """NAME.wav of each sound, all at one scale; their paths."""
    from bssdemo import audio

    scale = audio.common_scale(*sounds.values())
    folder.mkdir(parents=True, exist_ok=True)
    for name, sound in sounds.items():
        audio.write_wav(folder / f"{name}.wav", sound, scale=scale)
    return [folder / f"{name}.wav" for name in sounds]
