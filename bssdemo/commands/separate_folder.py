"""`python -m bssdemo separate FOLDER|FILES|TABLE.csv ... --sources A,B --out DIR`: every recording, resumable."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bssdemo.commands.codes import DONE, INTERRUPTED, SOME_FAILED

if TYPE_CHECKING:
    from bssdemo.machine.tasks import Place
    from bssdemo.separation import Request


def asked_for(args: argparse.Namespace) -> bool:
    """Whether it is more than one recording by its name."""
    from bssdemo.folders.found import TABLE

    several = len(args.recordings) > 1 or args.recordings[0].is_dir()
    spread = args.jobs is not None or args.dask is not None
    return several or spread or args.recordings[0].suffix.lower() == TABLE


def run(args: argparse.Namespace, request: Request) -> int:
    """Separate them all with one progress bar, write a summary, and say how it went."""
    from tqdm import tqdm

    from bssdemo.commands.interrupts import interrupts
    from bssdemo.folders import run as folder_run
    from bssdemo.folders.found import find
    from bssdemo.folders.work import Asked, State
    from bssdemo.machine.files import made

    if args.jobs is not None and args.dask is not None:
        raise ValueError("--jobs and --dask: give one of them; a cluster has its own number of workers")
    out = args.out.absolute()
    entries = find([path.absolute() for path in args.recordings], out)
    checkpoints = None if args.checkpoints is None else args.checkpoints.absolute()
    asked = Asked(request, out, checkpoints, args.max_seconds)
    summary = folder_run.Summary()
    with made(out), _place(args, len(entries)) as place, interrupts() as stopped:
        with tqdm(total=len(entries), desc="separating", unit="file", file=sys.stderr) as bar:
            for outcome in folder_run.separate(asked, entries, place):
                summary.outcomes.append(outcome)
                bar.update(outcome.state != "stopped")
                if outcome.state == "failed":
                    bar.write(f"{outcome.entry.file}: {outcome.told}", file=sys.stderr)
                if stopped:
                    break
        table = summary.write(out)
        took = bar.format_dict["elapsed"]
    counts: dict[State, str] = {
        "done": "separated",
        "finished before": "finished before",
        "failed": "failed",
    }
    print(*(f"{summary.count(state):7} {told}" for state, told in counts.items()), sep="\n")
    print(
        f"{summary.audio:.1f} s of audio in {took:.1f} s: {summary.audio / max(took, 1e-9):.2f} times real time"
    )
    print(table)
    if stopped:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    return SOME_FAILED if summary.count("failed") else DONE


@contextmanager
def _place(args: argparse.Namespace, files: int) -> Iterator[Place]:
    """Where the files are separated: a Dask cluster, processes of this machine, or this process."""
    from bssdemo.machine import cluster, tasks
    from bssdemo.machine.threads import cores, use_own_cores

    use_own_cores()
    jobs = min(args.jobs or cores(), files)
    with cluster.asked_for(args.dask) as place:
        yield place or (tasks.here if jobs == 1 else tasks.Processes(jobs, max(1, cores() // jobs)))
