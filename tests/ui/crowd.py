"""`make load` and `make soak`: many visitors of the page at once, or one after the other, and what they leave behind.

    PYTHONPATH=. python tests/ui/crowd.py load --visitors 20 --minutes 0
    PYTHONPATH=. python tests/ui/crowd.py soak --runs 1000
    PYTHONPATH=. python tests/ui/crowd.py sessions --count 1000

`sessions` serves nobody: it makes what the page and Gradio keep for every visitor, and tells what stays of it. For
the others the page is served on this machine alone, in a process of its own; every visitor has their own address.
Printed: how many were served, refused (in the page's words) and failed, the seconds to the first frame and to the
stems, and the server's memory, threads and open files before and after.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from gradio_client import Client, handle_file

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "digit-piano" / "mixture.wav"
PATIENCE = 600  # seconds for one visitor
START_UP = 300  # seconds until the page is served
SETTLED = 80  # runs before a soak counts: as many sessions as the page remembers, and some more


@dataclass(frozen=True)
class Visit:
    """What one visitor met: "served", the sentence of a refusal, or "failed: ..."; seconds where there are any."""

    ending: str
    first: float | None = None
    stems: float | None = None


@dataclass(frozen=True)
class State:
    """What the server holds."""

    megabytes: float
    threads: int
    files: int
    kept: int  # files in its temporary folder

    @classmethod
    def of(cls, process: int, folder: Path) -> State:
        """Of a process now."""
        status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
        return cls(
            int(status["VmRSS"].split()[0]) / 1000,
            int(status["Threads"]),
            len(os.listdir(f"/proc/{process}/fd")),
            sum(path.is_file() for path in folder.rglob("*")),
        )


@contextmanager
def served(command: Sequence[str]) -> Iterator[tuple[str, int, Path]]:
    """The page in a process of its own: its address, process and temporary folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        told = {
            "GRADIO_TEMP_DIR": str(Path(folder, "gradio")),
            "TMPDIR": folder,
            "PORT": str(port),
            "GRADIO_SERVER_PORT": str(port),
        }
        environment = os.environ | told | {"PYTHONPATH": str(ROOT)}
        with (Path(folder) / "log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=environment, stderr=log, stdout=log
            )
        url, end = f"http://127.0.0.1:{port}/", time.monotonic() + START_UP
        try:
            while not _answers(url):
                assert server.poll() is None, (Path(folder) / "log").read_text()[-2000:]
                assert time.monotonic() < end, "the page did not start"
                time.sleep(0.2)
            yield url, server.pid, Path(folder)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def search(client: Client, sources: str, steps: int | None) -> Visit:
    """One search through the endpoint, as the page makes it, to its archive."""
    return _visit(client, sources=sources, preset="balanced", steps=steps, api_name="/separate")


def comparison(client: Client) -> Visit:
    """One short run that needs no figure and no archive."""
    return _visit(client, method="pca", sources="2", api_name="/compare")


def _visit(client: Client, **asked: object) -> Visit:
    began, first = time.monotonic(), None
    try:
        job = client.submit(audio=handle_file(str(EXAMPLE)), **asked)
        for update in job:
            if isinstance(update[0], Exception):  # the client could not download the files
                raise update[0]
            progress, files = update
            if first is None and progress.get("status") != "waiting":
                first = time.monotonic() - began
            if files is not None:
                return Visit("served", first, time.monotonic() - began)
        job.result(timeout=10)  # a refusal ends the updates, and is told here
        return Visit("failed: it ended without stems")
    except Exception as error:
        said = str(error)
        told = any(part in said for part in ("Too many", "going or waiting", "Queue is full"))
        return Visit(said if told else f"failed: {type(error).__name__}: {said[:200]}")


def summary(visits: Sequence[Visit], before: State, after: State) -> str:
    """The figures, a line each."""
    endings = Counter(one.ending for one in visits)
    lines = [f"{count:5d}  {ending}" for ending, count in endings.most_common()]
    for what in ("first", "stems"):
        seconds = sorted(value for one in visits if (value := getattr(one, what)) is not None)
        if len(seconds) > 1:
            cuts = statistics.quantiles(seconds, n=20, method="inclusive")
            lines.append(f"seconds to the {what}: p50 {statistics.median(seconds):.1f}, p95 {cuts[-1]:.1f}")
    for what in ("megabytes", "threads", "files", "kept"):
        a, b = getattr(before, what), getattr(after, what)
        lines.append(f"{what}: {a:.0f} before, {b:.0f} after ({(b - a) / a if a else 0:+.1%})")
    return "\n".join(lines)


def load(visitors: int, minutes: float, sources: str) -> str:
    """So many visitors at once, again and again for so long."""
    with served(["app.py"]) as (url, process, folder):
        clients = [
            Client(
                url, verbose=False, headers={"x-forwarded-for": f"10.0.{number // 250}.{number % 250 + 1}"}
            )
            for number in range(visitors)
        ]
        search(clients[0], sources, 2)  # the first one loads what only runs need
        before, visits, end = State.of(process, folder), [], time.monotonic() + 60 * minutes
        with ThreadPoolExecutor(visitors) as pool:
            while True:
                visits += pool.map(lambda client: search(client, sources, None), clients)
                print(f"{len(visits)} visits, {State.of(process, folder)}", file=sys.stderr, flush=True)
                if time.monotonic() >= end:
                    break
        time.sleep(5)
        return summary(visits, before, State.of(process, folder))


def soak(runs: int) -> str:
    """So many short runs one after the other, each in a session of its own, on tiny networks."""
    with tempfile.TemporaryDirectory() as home:
        _tiny(Path(home))
        with served([str(Path(__file__).with_name("serve.py")), home]) as (url, process, folder):
            client = Client(url, verbose=False)
            visits = [_anew(client, number) for number in range(SETTLED)]
            before = State.of(process, folder)
            for number in range(runs):
                visits.append(_anew(client, number))
                if number % 100 == 99:
                    print(f"{number + 1} runs, {State.of(process, folder)}", file=sys.stderr, flush=True)
            time.sleep(5)
            return summary(visits, before, State.of(process, folder))


def sessions(count: int) -> str:
    """So many visitors who come, choose a recording, wait for a turn, and are seen no more."""
    from gradio.state_holder import StateHolder

    from bssdemo.separation import networks
    from bssdemo.separation.pictures import sets
    from bssdemo.ui.page import MOST_SESSIONS, page
    from bssdemo.ui.session import Recordings, Turns

    turns, recordings, holder = Turns(), Recordings(), StateHolder()
    blocks = page(networks.everything(), sets.everything(), turns)
    blocks.state_session_capacity = MOST_SESSIONS
    holder.set_blocks(blocks)

    def come(number: int) -> None:
        visitor = str(uuid.uuid4())
        _ = holder[visitor]
        recordings.heard(visitor, str(EXAMPLE))
        turns.announce(visitor, "search", address=str(number))
        with turns.taken(visitor, "search"):
            pass

    folder = Path(tempfile.gettempdir(), "bssdemo-none")  # nothing is written
    for number in range(SETTLED):
        come(number)
    before = State.of(os.getpid(), folder)
    for number in range(count):
        come(number)
    return summary([], before, State.of(os.getpid(), folder))


def _anew(client: Client, number: int) -> Visit:
    client.session_hash = str(uuid.uuid4())
    client.headers["x-forwarded-for"] = f"10.{number // 62500 + 1}.{number // 250 % 250}.{number % 250 + 1}"
    return search(client, "digit,piano", 1) if number % 10 == 0 else comparison(client)


def _tiny(folder: Path) -> None:
    from bssdemo.checkpoints import hub
    from bssdemo.models import Generator

    for name in ("digit", "piano"):
        hub.save(folder / name, Generator(model_size=4), {"name": name, "label": name})


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    many = commands.add_parser("load")
    many.add_argument("--visitors", type=int, default=20)
    many.add_argument("--minutes", type=float, default=0)
    many.add_argument("--sources", default="digit,piano")
    long = commands.add_parser("soak")
    long.add_argument("--runs", type=int, default=1000)
    idle = commands.add_parser("sessions")
    idle.add_argument("--count", type=int, default=1000)
    args = parser.parse_args()
    if args.command == "load":
        print(load(args.visitors, args.minutes, args.sources))
    else:
        print(soak(args.runs) if args.command == "soak" else sessions(args.count))


if __name__ == "__main__":
    main()
