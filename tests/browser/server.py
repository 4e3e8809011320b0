"""`python app.py` in a process of its own, and Debian's Chromium to look at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required"
)
START_UP = 180  # seconds, on a busy machine


@contextmanager
def serve() -> Iterator[str]:
    """Serve the app on a free port on the bundled checkpoints; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    environment.pop("PORT", None)
    server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}/"
    try:
        deadline = time.monotonic() + START_UP
        while not _answers(url):
            assert server.poll() is None, "app.py ended before it served the page"
            assert time.monotonic() < deadline, "app.py did not serve the page in time"
            time.sleep(0.3)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def _answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False


def launch(playwright: Playwright) -> Browser:
    """Headless Chromium; a plain failure where it is not installed."""
    assert CHROMIUM.exists(), (
        f"{CHROMIUM} is missing: install it with the apt-get line of .ci/run (apt-get install chromium)"
    )
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
