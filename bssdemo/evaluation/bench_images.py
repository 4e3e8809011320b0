"""`python -m bssdemo bench images`: PSNR and SSIM on mixtures of held-out pictures (Hoshen 2018, Tables 1 and 2).

| method | what |
|---|---|
| unmix | the mask network `mask-SET`, trained on mixtures alone |
| supervised | its twin `mask-SET-supervised`, trained with true sources: the upper bound |
| glo | two generators and their latents, fitted to these very mixtures |
| rpca | low-rank and sparse part of each picture |

Heavy modules are imported inside `run`, so that the command line can ask for the arguments at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from bssdemo.snapshot import PictureSnapshot

METHODS = ("unmix", "supervised", "glo", "rpca")
# Tables 1 and 2: PSNR in dB and SSIM by set and method.
PAPER: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "mnist": {"unmix": (20.4, 0.90), "supervised": (24.4, 0.96), "glo": (13.0, 0.74), "rpca": (11.5, 0.36)},
    "shoes-bags": {
        "unmix": (19.0, 0.73), "supervised": (22.9, 0.86), "glo": (12.0, 0.51), "rpca": (7.9, 0.18),
    },
}  # fmt: skip


class ImageBenchError(ValueError):
    """The benchmark cannot run as asked; the message says what to change."""


@dataclass(frozen=True)
class ImageRecord:
    """One cell: the mean over both sources of `n` mixtures."""

    set: str
    method: str
    metric: str
    mean: float
    n: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench images`."""
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

    from bssdemo.evaluation.pictures import in_order, psnr, ssim
    from bssdemo.threads import use_own_cores
    from bssdemo.training.pictures import draw_mixtures, to_float

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
        _write(args.json, records)
    print(table(records, args.set))
    return 0


def _checkpoint(method: str, chosen: str) -> str:
    return f"mask-{chosen}" + ("-supervised" if method == "supervised" else "")


def _method(name: str, args: argparse.Namespace) -> Callable[[Tensor], Tensor] | None:
    """Mixtures (n, channels, h, w) -> sources (n, 2, channels, h, w); None without a checkpoint."""
    if name == "rpca":
        from bssdemo.baselines import rpca

        return lambda mixture: _answer(rpca.separate(mixture))
    if name == "glo":
        from bssdemo.baselines import glo

        return lambda mixture: _answer(glo.separate(mixture, seed=args.seed))

    from bssdemo import checkpoint, hub
    from bssdemo.unmix.cycle import unmix_all

    wanted = _checkpoint(name, args.set)
    if wanted not in {listing.name for listing in hub.available(args.checkpoints, checkpoint.MASK)}:
        return None
    network = hub.load_unmixer(wanted, args.checkpoints).network
    return lambda mixture: unmix_all(mixture, network).sources


def _answer(snapshots: Iterator[PictureSnapshot]) -> Tensor:
    """The estimates at the end; thousands of pictures' earlier ones are let go on the way."""
    for snapshot in snapshots:
        estimates = snapshot.estimates
    return estimates


def _write(file: Path, records: list[ImageRecord]) -> None:
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(json.dumps([asdict(record) for record in records], indent=1) + "\n", encoding="utf-8")
    os.replace(partial, file)


def table(records: list[ImageRecord], chosen: str) -> str:
    """Markdown: one row per method, PSNR and SSIM, the paper's beside ours."""
    means = {(record.method, record.metric): record.mean for record in records}
    lines = ["| method | PSNR (dB) | SSIM | paper |", "|---|---|---|---|"]
    for method in dict.fromkeys(record.method for record in records):
        theirs = PAPER.get(chosen, {}).get(method)
        cell = f"{theirs[0]:.1f} / {theirs[1]:.2f}" if theirs else "-"
        lines.append(f"| {method} | {means[method, 'psnr']:.2f} | {means[method, 'ssim']:.3f} | {cell} |")
    return "\n".join(lines)
