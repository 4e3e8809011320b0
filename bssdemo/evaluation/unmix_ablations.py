"""`python -m bssdemo bench ablations RUN...`: what each term of unmix-and-remix is worth, from finished trainings.

A run is a folder that `train mask SET [--without TERM] [--seed N]` has made; `make ablations` makes all of them. Its
checkpoint is scored on held-out mixtures. Runs that differ only in their seed share a row.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


class AblationError(ValueError):
    """The runs cannot be compared; the message says which and why."""


@dataclass(frozen=True)
class Ablation:
    """One training and how it ended. `share`: of the brightness, to the first output, mean over the mixtures."""

    set: str
    without: tuple[str, ...]
    seed: int
    steps: int
    psnr: float
    ssim: float
    share: float
    decision: float  # mean |2 M - 1|: 0 for grey masks, 1 for decided ones
    collapsed: bool
    n: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench ablations`."""
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folders made by train mask")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the data")
    parser.add_argument(
        "--mixtures", type=int, default=1000, metavar="N", help="how many to draw (default: 1000)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default: 0)")
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="default: test")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here too")


def run(args: argparse.Namespace) -> int:
    """Score every run, print a table. Raises AblationError, DataError, CheckpointError."""
    from bssdemo.threads import use_own_cores

    if args.mixtures < 1:
        raise AblationError(f"--mixtures must be at least 1, got {args.mixtures}")
    use_own_cores()
    results = [measure(folder, args.data, args.split, args.mixtures, args.seed) for folder in args.runs]
    if len({(one.set, one.steps) for one in results}) > 1:
        raise AblationError(
            "the runs differ in more than terms and seeds: compare those of one set and length"
        )
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps([asdict(one) for one in results], indent=1) + "\n", encoding="utf-8")
    print(table(results))
    return 0


def measure(folder: Path, data: Path, split: str, count: int, seed: int) -> Ablation:
    """The finished run in `folder` on `count` mixtures. Raises AblationError when it is none, or not finished."""
    from bssdemo import checkpoint
    from bssdemo.training import unmix_check
    from bssdemo.training.loop import states
    from bssdemo.training.sets import ALL_SETS, draw
    from bssdemo.training.unmix_config import CONFIGS

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        name, steps, weights = config["name"], config["steps"], config["weights"]
    except (OSError, ValueError, KeyError) as error:
        raise AblationError(f"{folder} is no run of train mask ({error})") from error
    done = states(folder)
    if not done or not done[-1].name.endswith(f"-{steps}"):
        raise AblationError(f"{folder} has not come to its end, step {steps}: give its command again")
    usual = asdict(CONFIGS["working"][name].weights)
    network, *_ = checkpoint.read(folder / "checkpoint")
    scores, _ = unmix_check.held_out(network, draw(data, name, split, count, seed), ALL_SETS[name])  # type: ignore[arg-type]
    return Ablation(
        set=name,
        without=tuple(term for term, weight in weights.items() if weight == 0 < usual[term]),
        seed=config["seed"],
        steps=steps,
        psnr=scores["valid_psnr"],
        ssim=scores["valid_ssim"],
        share=scores["energy_share"],
        decision=scores["decision"],
        collapsed=unmix_check.collapsed(scores["energy_share"]),
        n=count,
    )


def table(results: Sequence[Ablation]) -> str:
    """Markdown: a row for every set of terms left out; mean over the seeds, the least and most in brackets."""
    lines = [
        "| left out | seeds | PSNR (dB) | SSIM | share of one source | collapsed |",
        "|---|---|---|---|---|---|",
    ]
    for without in sorted({one.without for one in results}, key=lambda terms: (len(terms), terms)):
        row = [one for one in results if one.without == without]
        cells = [
            ", ".join(without) or "nothing",
            ", ".join(str(one.seed) for one in row),
            _cell([one.psnr for one in row], 2),
            _cell([one.ssim for one in row], 3),
            _cell([one.share for one in row], 2),
            f"{sum(one.collapsed for one in row)} of {len(row)}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float], digits: int) -> str:
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.{digits}f}-{max(values):.{digits}f})"
