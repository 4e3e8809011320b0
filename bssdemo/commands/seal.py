"""`python -m bssdemo seal DIR...`: write the checksums of a checkpoint's weights into its config.json."""

from __future__ import annotations

import argparse
from pathlib import Path

from bssdemo.commands.codes import DONE


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of `seal`."""
    command.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="a checkpoint's folder")


def run(args: argparse.Namespace) -> int:
    """Seal every checkpoint, check that it loads, print its digests."""
    from bssdemo.checkpoints import disk

    for folder in args.folders:
        digests = disk.seal(folder)
        disk.read(folder)
        print(*(f"{digest}  {folder / file}" for file, digest in digests.items()), sep="\n")
    return DONE
