"""The app as `make demo` serves it, in a process of its own, and a headless Chromium that looks at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required"
)
START_UP = 180  # seconds, on a busy machine
PATIENCE = 60_000  # milliseconds that an expectation may take


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of `python app.py` on the bundled checkpoints."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    environment.pop("PORT", None)
    server = subprocess.Popen([sys.executable, "app.py"], cwd=Path(__file__).parents[2], env=environment)
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM.exists(), (
        f"{CHROMIUM} is missing: install it with the apt-get line of .ci/run (apt-get install chromium)"
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield chromium
        chromium.close()


def _is_fault(said: ConsoleMessage) -> bool:
    """Errors, but for the audio player's own words on a file that is no sound, which it survives."""
    return said.type == "error" and "Waveform load error" not in said.text


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test on any console error, page error or failed request."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(f"console: {said.text}") if _is_fault(said) else None)
    page.on("pageerror", lambda error: faults.append(f"page: {error}"))
    page.on("response", lambda got: faults.append(f"{got.status}: {got.url}") if got.status >= 400 else None)
    # the page itself hangs up on its event stream and on media it need not read to the end
    page.on(
        "requestfailed",
        lambda request: (
            faults.append(f"{request.failure}: {request.url}")
            if "ERR_ABORTED" not in (request.failure or "")
            else None
        ),
    )
    yield page
    context.close()
    assert not faults, faults
