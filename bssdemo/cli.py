"""The command line, `python -m bssdemo`: separate, sources, unmix, train ..., bench ...

Exit codes: 0 done; 2 the request cannot be met (one line on stderr says why); 130 stopped with
Ctrl-C, after `separate` has written the best stems so far. Heavy modules are imported by the
command that needs them, so that --help and --version answer at once.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

VERSION = "0.1.0"
PROGRAM = "python -m bssdemo"
METHODS = ("gan", "unmix", "fastica", "pca", "kernelpca", "nmf", "dap")  # the last five name baselines
OF_THE_SEARCH = (
    "preset",
    "steps",
    "starts",
    "start",
    "gain",
    "checkpoints",
)  # unmix has the last
MOST_SOURCES = 8  # of one mixture: each costs a generator's pass every step
DELEGATED = {
    ("train", "prior"): ("bssdemo.training.prior", "train a prior on the shared data or your own sounds"),
    ("train", "encoder"): ("bssdemo.training.encoder", "train a prior's encoder on mixtures"),
    ("train", "mask"): ("bssdemo.training.unmix", "train a mask network on mixtures of pictures or sounds"),
    ("bench", "audio"): ("bssdemo.evaluation.bench", "score separations of held-out mixtures"),
    ("bench", "images"): ("bssdemo.evaluation.bench_images", "score unmixed pictures, baselines beside them"),
    ("bench", "ablations"): (
        "bssdemo.evaluation.unmix_ablations",
        "score mask networks trained without a term",
    ),
    ("bench", "tree"): (
        "bssdemo.evaluation.bench_tree",
        "take mixtures of several sources apart, score the parts",
    ),
    ("bench", "speed"): ("bssdemo.speed", "time a step, whole recordings and the board on this machine"),
    ("bench", "tables"): ("bssdemo.evaluation.tables", "results of bench audio as Markdown tables"),
}
DONE, REFUSED, INTERRUPTED = 0, 2, 130


class _Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(REFUSED, f"{self.prog}: {message}\n")


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit code. `argv` is without the program's name."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        args = _parser(argv).parse_args(argv)
        code: int = args.command_function(args)
        return code
    except SystemExit as end:  # argparse: --help, --version, or a refused argument
        return int(end.code or DONE)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    except ValueError as error:  # AudioError, CheckpointError and their like
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _refuse(reason: str) -> int:
    print(f"{PROGRAM}: {' '.join(reason.split())}", file=sys.stderr)
    return REFUSED


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM, description="Take a mixture apart with GAN priors, one per kind of source."
    )
    parser.add_argument("--version", action="version", version=f"bssdemo {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = commands.add_parser("separate", help="separate a recording into its sources")
    command.add_argument(
        "mixture", type=Path, metavar="MIX", help="a sound file of any length up to --max-seconds"
    )
    command.add_argument(
        "--sources", type=_sources, required=True, metavar="A,B",
        help="what it holds, for example digit,piano; digit:2 for two of a kind",
    )  # fmt: skip
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for stems and report")
    command.add_argument(
        "--max-seconds", type=_at_least(1), default=60, metavar="N",
        help="the most that is separated, from the recording's beginning (default: 60)",
    )  # fmt: skip
    command.add_argument(
        "--method", choices=METHODS, default="gan",
        help="the search with GAN priors (default); unmix, a mask network trained on mixtures of just these two "
        "sources (docs/unmix.md); or a baseline: its components have no names, --sources only says how many "
        "(docs/baselines.md). The search's options are for the search only",
    )  # fmt: skip
    command.add_argument(
        "--preset", choices=("balanced", "paper", "reference"), help="of the search (default: balanced)"
    )
    command.add_argument(
        "--steps", type=_at_least(1), metavar="N", help="default: the preset's, beyond 3 s at most 50"
    )
    command.add_argument(
        "--starts", type=_at_least(1), metavar="S", help="default: the preset's, beyond 3 s one"
    )
    command.add_argument(
        "--start", choices=("zeros", "encoder"), help="where searches begin (default: the preset's)"
    )
    command.add_argument(
        "--gain", choices=("fixed", "estimated"), help="of each source (default: the preset's)"
    )
    command.add_argument(
        "--seed", type=_at_least(0), default=0, metavar="S", help="of random starts (default: 0)"
    )
    _add_checkpoints(command)
    command.set_defaults(command_function=separate)

    command = commands.add_parser("sources", help="list the sources there are priors for, and from where")
    _add_checkpoints(command)
    command.set_defaults(command_function=sources)

    description = "unmix a picture of two things laid over each other, or a recording of two sounds"
    command = commands.add_parser("unmix", help=description, description=description)
    if tuple(argv[:1]) == ("unmix",):
        home = import_module("bssdemo.unmix.file")
        home.add_arguments(command)
        command.set_defaults(command_function=home.run)

    groups = {}
    for (group, name), (module, description) in DELEGATED.items():
        if group not in groups:
            members = commands.add_parser(group, help=f"{group} ...")
            groups[group] = members.add_subparsers(title="commands", metavar="COMMAND", required=True)
        command = groups[group].add_parser(name, help=description, description=description)
        if tuple(argv[:2]) == (group, name):
            home = import_module(module)
            home.add_arguments(command)
            command.set_defaults(command_function=home.run)
    return parser


def separate(args: argparse.Namespace) -> int:
    """Write a wav per source, residual.wav, mixture.wav, raw/<source>.wav and report.json into --out."""
    from tqdm import tqdm

    from bssdemo.offline import MIXTURE, RAW, REPORT, RESIDUAL
    from bssdemo.snapshot import Snapshot
    from bssdemo.threads import use_own_cores

    use_own_cores()
    work = _search(args) if args.method == "gan" else _baseline(args)
    with _interrupts() as interrupts, tqdm(desc="separating", unit="step", leave=False) as bar:

        def show(snapshot: Snapshot) -> None:
            bar.total = snapshot.steps
            bar.set_postfix_str(f"loss {snapshot.total.item():.4g}", refresh=False)
            bar.update(snapshot.step - bar.n)

        report = work(show, lambda: bool(interrupts))
    for note in report["notes"]:
        print(note)
    stems = [source["file"] for source in report["sources"]]
    for file in (*stems, RESIDUAL, *(f"{RAW}/{stem}" for stem in stems), MIXTURE, REPORT):
        print(args.out / file)
    if interrupts:
        print(f"stopped at step {report['steps_done']} of {bar.total}", file=sys.stderr)
        return INTERRUPTED
    return DONE


def _search(args: argparse.Namespace) -> Callable[..., dict[str, Any]]:
    """What is left to do for --method gan, once everything asked for is known to be there: (show, stop) -> report."""
    from bssdemo.offline import prepare, run
    from bssdemo.search.long import for_length
    from bssdemo.search.pgd import PRESETS

    asked = {"steps": args.steps, "starts": args.starts, "start": args.start, "gain": args.gain}
    job = prepare(args.mixture, args.sources, args.checkpoints, args.max_seconds)
    config = for_length(PRESETS[args.preset or "balanced"], len(job.mono))
    config = replace(config, **{name: value for name, value in asked.items() if value is not None})
    args.out.mkdir(parents=True, exist_ok=True)
    return partial(run, job, args.out, config, args.seed)


def _baseline(args: argparse.Namespace) -> Callable[..., dict[str, Any]]:
    """The same for another method. Raises ValueError for options that only the search has."""
    given = [f"--{option}" for option in OF_THE_SEARCH if getattr(args, option) is not None]
    if args.method == "unmix":
        given = [option for option in given if option != "--checkpoints"]
    if given:
        raise ValueError(f"{', '.join(given)}: for --method gan only; leave out with --method {args.method}")
    from bssdemo.offline_baseline import choose, run

    choice = choose(args.method, args.sources, args.checkpoints)
    return partial(run, args.mixture, choice, args.out, args.seed, args.max_seconds)


def sources(args: argparse.Namespace) -> int:
    """Print a table: name, label, origin, where."""
    from bssdemo import hub

    listings = hub.available(args.checkpoints)
    rows = [("name", "label", "origin", "where")]
    rows += [(one.name, one.label, one.origin, one.problem or one.where) for one in listings]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return DONE


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """The first Ctrl-C only fills the list, for the search to end with what it has; a second one kills."""
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, before)


def _sources(text: str) -> list[str]:
    """`digit,piano:2` -> ["digit", "piano", "piano"]."""
    names: list[str] = []
    for part in text.split(","):
        name, colon, count = (piece.strip() for piece in part.partition(":"))
        if not name or (colon and not (count.isdecimal() and 1 <= int(count) <= MOST_SOURCES)):
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a list of sources such as digit,piano or digit:2"
            )
        names += [name] * int(count or 1)
    if len(names) > MOST_SOURCES:
        raise argparse.ArgumentTypeError(f"at most {MOST_SOURCES} sources, got {len(names)}")
    return names


def _at_least(least: int) -> Callable[[str], int]:
    """A type for add_argument: whole numbers from `least` on."""

    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return whole


def _add_checkpoints(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--checkpoints", type=Path, metavar="DIR", help="a checkpoint or folder of them, asked first"
    )
