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

from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required"
)
EXAMPLE = "“Five” over a Bach prelude"  # the name of the example that most tests open
START_UP = 180  # seconds, on a busy machine


@contextmanager
def serve(*script: str) -> Iterator[str]:
    """Run a script that serves the page on a free port, the app by default; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, **settings}
    environment.pop("PORT", None)
    server = subprocess.Popen([sys.executable, *(script or ("app.py",))], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}/"
    try:
        deadline = time.monotonic() + START_UP
        while not _answers(url):
            assert server.poll() is None, "the server ended before it served the page"
            assert time.monotonic() < deadline, "the page was not served in time"
            time.sleep(0.3)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def in_plex(page: Page) -> None:
    """Write the page in IBM Plex Sans, which Gradio serves: as on a machine with a good font of its own."""
    faces = "".join(
        f"@font-face {{ font-family: Plex; font-weight: {weight}; "
        f"src: url('static/fonts/IBMPlexSans/IBMPlexSans-{name}.woff2') }}"
        for weight, name in ((400, "Regular"), (700, "Bold"))
    )
    page.add_style_tag(content=f"{faces} :root, :host, .gradio-container {{ --font: Plex !important }}")
    page.evaluate("Promise.all([...document.fonts].map(face => face.load()))")


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
