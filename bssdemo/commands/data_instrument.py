"""`python -m bssdemo data instrument NAME --out FOLDER`: recordings of a General MIDI instrument, rendered."""

from __future__ import annotations

import argparse
from pathlib import Path

from bssdemo.commands.arguments import at_least
from bssdemo.commands.codes import DONE


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of `data instrument`."""
    command.add_argument("name", help="a General MIDI instrument, such as violin or alto-sax")
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the recordings go; what is there stays"
    )
    command.add_argument(
        "--count", type=at_least(1), default=120, metavar="N", help="tunes of 20 s (default: 120)"
    )
    command.add_argument(
        "--bank", type=Path, action="append", metavar="FILE",
        help="a sound bank, .sf2 or .sf3; may be given again (default: those installed)",
    )  # fmt: skip
    command.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="default: 0")


def run(args: argparse.Namespace) -> int:
    """Render; print how to train on it."""
    from tqdm import tqdm

    from bssdemo.training import instrument

    chosen = instrument.named(args.name)
    found = args.bank or instrument.banks()
    for _ in tqdm(
        instrument.render(chosen, found, args.count, args.out, args.seed), total=args.count, desc=chosen.name
    ):
        pass
    print(
        f"{args.count} tunes of {chosen.name} in {args.out}, from {', '.join(bank.name for bank in found)}."
    )
    print(f"Train on them: python -m bssdemo train prior {args.out.resolve().name} --data {args.out}")
    return DONE
