"""`python -m bssdemo unmix FILE --set mnist --out DIR`: a picture of a mixture in, mask and both sources out.

A recording of two sounds, with the set of a mask network for sounds, is separated by `separate`'s method "unmix".
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

from bssdemo.commands.arguments import add_checkpoints
from bssdemo.commands.codes import DONE
from bssdemo.unmix.blend import Blend


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of `unmix`."""
    command.add_argument(
        "file", type=Path, metavar="FILE", help="two pictures on top of each other, or a recording"
    )
    command.add_argument(
        "--set", required=True, metavar="SET", help="what it holds: mnist, shoes-bags, digit-drums ..."
    )
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    command.add_argument(
        "--blend", choices=get_args(Blend), default="average",
        help="how two pictures were mixed (default: average)",
    )  # fmt: skip
    add_checkpoints(command)


def run(args: argparse.Namespace) -> int:
    """Write the files of the result into --out; print where they are, and which source is which."""
    from bssdemo.checkpoints import disk, hub
    from bssdemo.machine.threads import use_own_cores

    use_own_cores()
    network = f"{hub.MASK_PREFIX}{args.set}"
    of_sounds = {one.name for one in hub.available(args.checkpoints, disk.SOUND_MASK)}
    (_recording if network in of_sounds else _picture)(args, network)
    return DONE


def _picture(args: argparse.Namespace, network: str) -> None:
    from bssdemo.separation.pictures import files
    from bssdemo.separation.pictures.mixtures import from_file
    from bssdemo.separation.pictures.request import PictureRequest, prepare
    from bssdemo.separation.pictures.run import separate
    from bssdemo.separation.pictures.sets import set_of

    chosen, method = set_of(network, args.checkpoints)
    job = prepare(from_file(chosen, args.file, args.blend), PictureRequest(method))
    files.refuse_to_overwrite(args.file, args.out)
    meanings = dict(zip(files.SOURCES, job.names, strict=True))
    for file in files.write(separate(job), args.out):
        print(file, *([f"({meanings[file.name]})"] if file.name in meanings else []))


def _recording(args: argparse.Namespace, network: str) -> None:
    from bssdemo.checkpoints import hub
    from bssdemo.machine.text import readable
    from bssdemo.separation import Networks, Request, Run, files, prepare, read

    unmixer = hub.load_any(network, args.checkpoints)
    assert isinstance(unmixer, hub.Unmixer)
    job = prepare(read(args.file), Request(unmixer.sources, "unmix"), Networks(unmixers=(unmixer,)))
    files.refuse_to_overwrite(args.file, job, args.out)
    separation = Run(job)
    for _ in separation:
        pass
    print(*map(readable, files.write(separation.result(), args.out).all), sep="\n")
