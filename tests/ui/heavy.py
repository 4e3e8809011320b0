"""The heaviest recording that is read, a minute in stereo at 384 kHz, in every way it can come.

    PYTHONPATH=. python tests/ui/heavy.py forecast     # twelve visitors' uploads at once
    PYTHONPATH=. python tests/ui/heavy.py endpoint     # /separate, over HTTP
    PYTHONPATH=. python tests/ui/heavy.py command      # bssdemo separate

Printed: seconds, and the process's memory before and at its peak.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
from gradio_client import Client, handle_file

from bssdemo.ui.session import FULL_MEMORY
from tests.hostile import lasting
from tests.ui.crowd import served

AT_ONCE = 12  # visitors
SOURCES = "digit,piano"


def recording(folder: Path) -> Path:
    """A FLAC of 60 s, 24 bits."""
    path = folder / "minute.flac"
    lasting(path, 60, 384_000, 2, "FLAC", "PCM_24")
    return path


def forecast(file: Path) -> tuple[float, float]:
    """Every visitor chooses the file: decoded and drawn, or refused while others fill the memory."""
    from bssdemo.separation import networks
    from bssdemo.separation.pictures import sets
    from bssdemo.ui.networks import warm_up
    from bssdemo.ui.page import page
    from bssdemo.ui.session import Turns
    from tests.ui.visitor import Visitor

    loaded = networks.everything()
    blocks = page(loaded, sets.warm_up(sets.everything()), Turns(), warm_up(loaded))
    before = _peak()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        refused = list(pool.map(partial(_chosen, Visitor, blocks, file), range(AT_ONCE)))
    print(f"{refused.count(False)} of {AT_ONCE} taken, {refused.count(True)} refused in a sentence")
    return before, _peak()


def _chosen(visitor: type, blocks: object, file: Path, number: int) -> bool:
    one = visitor(blocks, str(number))
    one.sets("mixture", str(file))
    one.does("audio.events", "choose")
    return FULL_MEMORY.split("'")[0] in str(one.value("message"))  # as HTML has it


def endpoint(file: Path) -> tuple[float, float]:
    """A client's search, to its archive."""
    with served(["app.py"]) as (url, _, _):
        before = httpx.get(f"{url}health").json()["peak_memory_mb"]
        client = Client(url, verbose=False, download_files=False, httpx_kwargs={"timeout": 600})
        job = client.submit(
            audio=handle_file(str(file)), sources=SOURCES, preset="balanced", steps=2, api_name="/separate"
        )
        _, archive = job.result(timeout=600)
        assert archive
        return before, httpx.get(f"{url}health").json()["peak_memory_mb"]


def command(file: Path) -> tuple[float, float]:
    """`bssdemo separate` in this process."""
    from bssdemo.commands.main import main

    before = _peak()
    out = str(file.with_name("out"))
    assert main(["separate", str(file), "--sources", SOURCES, "--steps", "2", "--out", out]) == 0
    return before, _peak()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> None:
    """The command."""
    way = {"forecast": forecast, "endpoint": endpoint, "command": command}[sys.argv[1]]
    with tempfile.TemporaryDirectory() as folder:
        file = recording(Path(folder))
        began = time.perf_counter()
        before, peak = way(file)
        print(
            f"{sys.argv[1]}: {time.perf_counter() - began:.0f} s, {before:.0f} MB before, {peak:.0f} MB at most"
        )


if __name__ == "__main__":
    main()
