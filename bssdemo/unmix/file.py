"""`python -m bssdemo unmix FILE --set mnist --out DIR`: a picture of a mixture in, mask and both sources out.

A mixture y = x + b reaches 2, a file only 1. So a file holds either the average of the two pictures (one laid over the
other at 50 % opacity; the default) or their sum cut off at 1.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from bssdemo.hub import Unmixer
    from bssdemo.unmix.cycle import Unmixed

Blend = Literal["average", "sum"]
GAIN: dict[Blend, float] = {"average": 2.0, "sum": 1.0}
ENLARGE = 4  # a 32 x 32 picture is hard to see


@dataclass(frozen=True)
class Answer:
    """`mixture` as the network saw it (up to 2) and what it made of it; `inverted`: its background was bright."""

    mixture: Float[Tensor, "channels h w"]
    unmixed: Unmixed
    inverted: bool


def unmix_file(path: Path, unmixer: Unmixer, blend: Blend = "average") -> Answer:
    """The picture in a file at the network's size, unmixed. Raises ImageError for an unusable file."""
    import torch

    from bssdemo import image
    from bssdemo.unmix.cycle import unmix

    network = unmixer.network
    fitted = image.fit(image.read(path, network.channels), network.size)
    mixture = GAIN[blend] * fitted.values
    with torch.no_grad():
        return Answer(mixture, unmix(mixture, network), fitted.inverted)


def write_answer(folder: Path, answer: Answer) -> list[Path]:
    """source-1.png, source-2.png, mask.png and mixture.png, with the file's own kind of background; their paths."""
    from bssdemo import image

    first, second = answer.unmixed.sources
    pictures = {"source-1": first, "source-2": second, "mixture": answer.mixture / 2}
    shown = {name: 1 - p.clamp(0, 1) if answer.inverted else p for name, p in pictures.items()}
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, picture in (shown | {"mask": answer.unmixed.mask}).items():
        files.append(folder / f"{name}.png")
        image.write(files[-1], picture, ENLARGE)
    return files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `unmix`."""
    parser.add_argument(
        "picture", type=Path, metavar="FILE", help="two pictures on top of each other, or a recording"
    )
    parser.add_argument(
        "--set", required=True, metavar="SET", help="what it holds: mnist, shoes-bags, digit-drums ..."
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--blend",
        choices=get_args(Blend),
        default="average",
        help="how two pictures were mixed (default: average)",
    )
    parser.add_argument(
        "--checkpoints", type=Path, metavar="DIR", help="a checkpoint or folder of them, asked first"
    )


def run(args: argparse.Namespace) -> int:
    """The command; prints the files, and which source is which."""
    from bssdemo import checkpoint, hub
    from bssdemo.threads import use_own_cores
    from bssdemo.unmix.sound_file import unmix_recording, write_recordings

    use_own_cores()
    name = f"{hub.MASK_PREFIX}{args.set}"
    if name in {one.name for one in hub.available(args.checkpoints, checkpoint.SOUND_MASK)}:
        sounds = hub.load_sound_unmixer(args.set.split("-"), args.checkpoints)
        print(*write_recordings(args.out, unmix_recording(args.picture, sounds)), sep="\n")
        return 0
    unmixer = hub.load_unmixer(name, args.checkpoints)
    files = write_answer(args.out, unmix_file(args.picture, unmixer, args.blend))
    meanings = dict(zip(("source-1", "source-2"), unmixer.sources, strict=True))
    for file in files:
        print(file, *([f"({meanings[file.stem]})"] if file.stem in meanings else []))
    return 0
