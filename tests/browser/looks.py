"""`python -m tests.browser.looks FOLDER`: every tab at four widths in light and dark, as pictures to be looked at."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.server import EXAMPLE, launch, serve

WIDTHS = (390, 768, 1280, 1600)
HEIGHT = 900
TABS = ("Audio", "Pictures", "Benchmarks", "About")
SETTLED = 1200  # milliseconds after which a tab stands still


def main() -> None:
    """Write landing, a finished run, and the other tabs, whole pages, to FOLDER as WIDTH-THEME-NAME.png."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with serve() as url, sync_playwright() as playwright:
        browser = launch(playwright)
        for theme in ("light", "dark"):
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width, "height": HEIGHT})
                for name in seen(page, f"{url}?__theme={theme}"):
                    page.screenshot(path=folder / f"{width}-{theme}-{name}.png", full_page=True)
                page.close()
        browser.close()


def seen(page: Page, url: str) -> Iterator[str]:
    """One state of the page after the other, its name told when it stands still."""
    page.goto(url)
    page.get_by_role("button", name=EXAMPLE, exact=True).wait_for()
    page.wait_for_timeout(SETTLED)
    yield "landing"
    page.get_by_role("button", name=EXAMPLE, exact=True).click()
    page.locator("#message").get_by_text("recorded run").wait_for()
    page.locator("#separate").click()
    page.locator(".bss-board[data-status=done]").wait_for(timeout=120_000)
    page.locator("#comparison-run").wait_for()
    page.wait_for_timeout(SETTLED)
    yield "run"
    for tab in TABS[1:]:
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(2 * SETTLED)
        yield tab.lower()


if __name__ == "__main__":
    main()
