"""`python -m bssdemo bench images`: PSNR and SSIM on mixtures of held-out pictures (Hoshen 2018, Tables 1 and 2)."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from bssdemo.snapshot import PictureSnapshot


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench images`."""
    from bssdemo.bench.pictures import METHODS

    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the .npz files")
    parser.add_argument("--set", required=True, metavar="SET", help="mnist, fashion or shoes-bags")
    parser.add_argument(
        "--methods", default=",".join(METHODS), metavar="A,B", help=f"default: {','.join(METHODS)}"
    )
    parser.add_argument(
        "--mixtures", type=int, default=5000, metavar="N", help="how many to draw (default: 5000)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw and of GLO (default: 0)")
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="pictures (default: test)")
    parser.add_argument(
        "--checkpoints", type=Path, metavar="DIR", help="a checkpoint or folder of them, asked first"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here too")


def run(args: argparse.Namespace) -> int:
    """Draw, separate, score, print; a method whose checkpoint is missing is left out with a line that says so."""
    from bssdemo.bench.pictures import METHODS, ImageBenchError, ImageRecord, table

    names = tuple(name.strip() for name in args.methods.split(","))
    for name in names:
        if name not in METHODS:
            raise ImageBenchError(f"there is no method called '{name}'; available: {', '.join(METHODS)}")
    if args.mixtures < 1:
        raise ImageBenchError(f"--mixtures must be at least 1, got {args.mixtures}")
    if args.seed < 0:
        raise ImageBenchError(f"--seed must not be negative, got {args.seed}")
    if args.json is not None and args.json.is_dir():
        raise ImageBenchError(f"--json needs the name of a file, and {args.json} is a folder")

    from bssdemo.data.pictures import draw_mixtures, to_float
    from bssdemo.machine.files import write_text
    from bssdemo.machine.threads import use_own_cores
    from bssdemo.metrics.pictures import in_order, psnr, ssim

    use_own_cores()
    drawn = draw_mixtures(args.data, args.set, args.split, args.mixtures, args.seed)
    if args.json is not None:  # before the long run: a place that cannot be written is told at once
        args.json.parent.mkdir(parents=True, exist_ok=True)
    mixture, refs = to_float(drawn.sums()), drawn.sources()
    records = []
    for name in names:
        method = _method(name, args)
        if method is None:
            print(f"skipped {name}: there is no checkpoint called {_checkpoint(name, args.set)}")
            continue
        began = time.perf_counter()
        ordered, _ = in_order(refs, method(mixture))
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
        for metric, score in (("psnr", psnr), ("ssim", ssim)):
            mean = score(refs, ordered).double().mean().item()
            records.append(ImageRecord(args.set, name, metric, mean, len(drawn)))
    if args.json is not None:
        write_text(args.json, json.dumps([asdict(record) for record in records], indent=1) + "\n")
    print(table(records, args.set))
    return 0


def _method(name: str, args: argparse.Namespace) -> Callable[[Tensor], Tensor] | None:
    """Mixtures (n, channels, h, w) -> sources (n, 2, channels, h, w); None without a checkpoint."""
    from bssdemo.checkpoints import disk, hub
    from bssdemo.separation.pictures.methods import METHODS as SEPARATORS
    from bssdemo.separation.pictures.methods import PictureSetup
    from bssdemo.separation.pictures.run import snapshots

    network = None
    if SEPARATORS[name].named:
        wanted = _checkpoint(name, args.set)
        if wanted not in {listing.name for listing in hub.available(args.checkpoints, disk.MASK)}:
            return None
        network = hub.load_unmixer(wanted, args.checkpoints).network
    setup = PictureSetup(network=network, seed=args.seed)
    return lambda mixture: _answer(snapshots(mixture, name, setup))


def _answer(snapshots: Iterator[PictureSnapshot]) -> Tensor:
    """The estimates at the end; thousands of pictures' earlier ones are let go on the way."""
    for snapshot in snapshots:
        estimates = snapshot.estimates
    return estimates


def _checkpoint(method: str, chosen: str) -> str:
    return f"mask-{chosen}" + ("-supervised" if method == "supervised" else "")
