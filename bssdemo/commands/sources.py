"""`python -m bssdemo sources`: the sources there are priors for, and from where."""

from __future__ import annotations

import argparse

from bssdemo.commands.arguments import add_checkpoints
from bssdemo.commands.codes import DONE


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Arguments of `sources`."""
    add_checkpoints(command)


def run(args: argparse.Namespace) -> int:
    """Print a table: name, label, origin, where."""
    from bssdemo.checkpoints import hub

    listings = hub.available(args.checkpoints)
    rows = [("name", "label", "origin", "where")]
    rows += [(one.name, one.label, one.origin, one.problem or one.where) for one in listings]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return DONE
