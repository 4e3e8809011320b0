"""`python -m bssdemo bench tables FILE... [--into PAGE] [--figures DIR]`: results as Markdown tables."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from bssdemo.commands.codes import DONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench tables`."""
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="results written by bench audio --json"
    )
    parser.add_argument(
        "--into", type=Path, metavar="PAGE", help="put the tables between this page's markers"
    )
    parser.add_argument(
        "--figures", type=Path, metavar="DIR", help="also draw a picture of every combination into DIR"
    )


def run(args: argparse.Namespace) -> int:
    """Print the tables, or write them into a page. Raises RecordError when a file cannot be used."""
    from bssdemo.bench import ablations, tables
    from bssdemo.bench.combinations import grouped
    from bssdemo.bench.records import RecordError, read
    from bssdemo.machine.files import write_text

    groups = grouped(read(file) for file in args.files)
    plain = [group for group in groups if not group.labels]
    beside = None if args.into is None else args.into.parent
    pictures = None if args.figures is None or beside is None else os.path.relpath(args.figures, beside)
    texts = {
        "tables": tables.render(plain, pictures) if plain else "",
        "ablations": ablations.render([group for group in groups if group.labels]),
    }
    if args.into is None:
        print("\n\n".join(filter(None, texts.values())))
    else:
        try:
            page = args.into.read_text(encoding="utf-8")
        except OSError as error:
            raise RecordError(f"{args.into}: cannot be read ({error.strerror})") from error
        for name, text in texts.items():
            page = tables.insert(page, text, name) if text else page
        write_text(args.into, page)
    if args.figures is not None:
        tables.draw([group for group in plain if not group.odd], args.figures)
    return DONE
