"""The command line, `python -m bssdemo`: separate, sources, unmix, train ..., bench ...

Exit codes: 0 done; 1 some files of a folder could not be separated; 2 the request cannot be met
(one line on stderr says why); 70 a fault in this program (one line names the file with the
details); 130 stopped with Ctrl-C, after `separate` has written the best stems so far. Heavy
modules are imported by the command that needs them, so that --help and --version answer at once.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from bssdemo import __version__
from bssdemo.commands.codes import DONE, FAULT, INTERRUPTED, REFUSED
from bssdemo.machine import device
from bssdemo.machine.caches import use_writable_places

PROGRAM = "python -m bssdemo"
# words of the command -> its module in this package, which has `add_arguments` and `run`; what it does
COMMANDS = {
    ("separate",): ("separate", "separate a recording into its sources"),
    ("sources",): ("sources", "list the sources there are priors for, and from where"),
    ("unmix",): ("unmix", "unmix a picture of two things laid over each other, or a recording of two sounds"),
    ("seal",): ("seal", "write the checksums of the weights into a checkpoint's config.json"),
    ("publish",): ("publish", "send the checkpoints and the page to the Hub"),
    ("data", "instrument"): ("data_instrument", "render recordings of a General MIDI instrument to train on"),
    ("train", "prior"): (
        "train_prior",
        "train a prior and its encoder on your own sounds, or on the shared data",
    ),
    ("train", "dense"): ("train_dense", "train a prior with the paper's dense latent"),
    ("train", "encoder"): ("train_encoder", "train a prior's encoder on mixtures"),
    ("train", "share"): ("train_share", "train the network that shares a mixture out among estimates"),
    ("train", "tagger"): ("train_tagger", "train the network that hears which kinds of sound are there"),
    ("train", "mask"): ("train_mask", "train a mask network on mixtures of pictures or sounds"),
    ("bench", "audio"): ("bench_audio", "score separations of held-out mixtures"),
    ("bench", "images"): ("bench_pictures", "score unmixed pictures, baselines beside them"),
    ("bench", "ablations"): (
        "bench_ablations",
        "score mask networks trained without a term",
    ),
    ("bench", "tree"): (
        "bench_trees",
        "take mixtures of several sources apart, score the parts",
    ),
    ("bench", "presence"): (
        "bench_presence",
        "ask the tagger what is in held-out mixtures, look at the stems of what is not",
    ),
    ("bench", "sliders"): (
        "bench_sliders",
        "move each slider of the page to its ends, hold the stems together",
    ),
    ("bench", "speed"): ("bench_speed", "time a step, whole recordings and the board on this machine"),
    ("bench", "tables"): ("bench_tables", "results of bench audio as Markdown tables"),
}


class _Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(REFUSED, f"{self.prog}: {message}\n")


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit code. `argv` is without the program's name."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    use_writable_places()
    try:
        args = _parser(argv).parse_args(argv)
        if hasattr(args, "device"):
            device.ask(args.device)
        code: int = args.command_function(args)
        return code
    except SystemExit as end:  # argparse: --help, --version, or a refused argument
        return int(end.code or DONE)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has closed it: `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is flushed to nowhere
        return DONE
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    from bssdemo.machine import faults

    if isinstance(error, ModuleNotFoundError) and error.name in ("accelerate", "pretty_midi"):
        return _refuse(f"this needs {error.name}: pip install -r requirements-train.txt")
    if (reason := faults.sentence(error)) is not None:
        return _refuse(reason)
    with tempfile.NamedTemporaryFile(
        "w", prefix="bssdemo-fault-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(faults.details(error))
    print(f"{PROGRAM}: a fault in this app ({type(error).__name__}); details: {file.name}", file=sys.stderr)
    return FAULT


def _refuse(reason: str) -> int:
    print(f"{PROGRAM}: {' '.join(reason.split())}", file=sys.stderr)
    return REFUSED


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """All commands; only the one that is asked for has its arguments, and its module imported."""
    parser = _Parser(
        prog=PROGRAM, description="Take a mixture apart with GAN priors, one per kind of source."
    )
    parser.add_argument("--version", action="version", version=f"bssdemo {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    groups = {}
    for words, (module, description) in COMMANDS.items():
        parent = commands
        if len(words) == 2:
            if words[0] not in groups:
                members = commands.add_parser(words[0], help=f"{words[0]} ...")
                groups[words[0]] = members.add_subparsers(title="commands", metavar="COMMAND", required=True)
            parent = groups[words[0]]
        command = parent.add_parser(words[-1], help=description, description=description)
        if tuple(argv[: len(words)]) == words:
            home = import_module(f"bssdemo.commands.{module}")
            home.add_arguments(command)
            command.set_defaults(command_function=home.run)
    return parser
