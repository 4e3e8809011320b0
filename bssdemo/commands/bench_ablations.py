"""`python -m bssdemo bench ablations RUN...`: what each term of unmix-and-remix is worth, from finished trainings."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path


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
    from bssdemo.bench.mask_ablations import AblationError, measure, table
    from bssdemo.machine.threads import use_own_cores
    from bssdemo.training.mask_config import CONFIGS

    if args.mixtures < 1:
        raise AblationError(f"--mixtures must be at least 1, got {args.mixtures}")
    use_own_cores()

    def usual(name: str) -> Mapping[str, float]:
        return asdict(CONFIGS["working"][name].weights)

    results = [
        measure(folder, args.data, args.split, args.mixtures, args.seed, usual) for folder in args.runs
    ]
    if len({(one.set, one.steps) for one in results}) > 1:
        raise AblationError(
            "the runs differ in more than terms and seeds: compare those of one set and length"
        )
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps([asdict(one) for one in results], indent=1) + "\n", encoding="utf-8")
    print(table(results))
    return 0
