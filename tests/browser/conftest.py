"""The app as `make demo` serves it, in a process of its own, and a headless Chromium that looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser.server import launch, serve

PATIENCE = 60_000  # milliseconds that an expectation may take


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of `python app.py` on the bundled checkpoints."""
    with serve() as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


def _is_fault(said: ConsoleMessage) -> bool:
    """Errors, but for the audio player's own words on a file that is no sound, which it survives."""
    return said.type == "error" and "Waveform load error" not in said.text


def _goes_out(url: str) -> bool:
    """Whether a request leaves for somebody else than the page's own server: fonts and scripts come from there."""
    return urlsplit(url).hostname not in (None, "127.0.0.1")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test on any console error, page error, failed request or one to a third party."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(f"console: {said.text}") if _is_fault(said) else None)
    page.on("pageerror", lambda error: faults.append(f"page: {error}"))
    page.on(
        "request", lambda asked: faults.append(f"elsewhere: {asked.url}") if _goes_out(asked.url) else None
    )
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
