"""`python -m tests.browser.weight`: what the page weighs over the wire before a tab is opened, beside an empty one.

`python -m tests.browser.weight ADDRESS` measures a page that is served already.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field

from playwright.sync_api import Browser, sync_playwright

from tests.browser.server import ROOT, launch, serve

SETTLED = 2000  # milliseconds without a request
LISTED = 25  # the heaviest requests that are printed


@dataclass
class Weight:
    """Bytes as they came over the wire, headers included, by address."""

    by_address: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    @property
    def total(self) -> int:
        return self.by_address.total()


def weigh(browser: Browser, address: str) -> Weight:
    """Open `address` in a fresh browser, touch nothing, and wait until nothing comes any more."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    weight, addresses = Weight(), {}

    def sent(told: dict) -> None:
        addresses[told["requestId"]] = told["request"]["url"]

    def finished(told: dict) -> None:
        url = addresses.get(told["requestId"], "?")
        if not url.startswith("data:"):
            weight.requests += 1
            weight.by_address[url] += int(told["encodedDataLength"])

    devtools.on("Network.requestWillBeSent", sent)
    devtools.on("Network.loadingFinished", finished)
    page.goto(address)
    page.locator("gradio-app .gradio-container").wait_for()
    before = -1
    while before != weight.requests:
        before = weight.requests
        page.wait_for_timeout(SETTLED)
    context.close()
    return weight


def told(name: str, weight: Weight) -> None:
    """Print a page's sum, and the heaviest of what it is made of."""
    print(f"{name}: {weight.total / 1000:.0f} kB in {weight.requests} requests")
    for url, size in weight.by_address.most_common(LISTED):
        print(f"  {size / 1000:7.1f} kB  {url.rpartition('/')[2][:90]}")


def main() -> None:
    """Weigh the page and the empty one."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for name, script in (("page", "app.py"), ("empty page of Gradio", "tests/browser/empty.py")):
            if len(sys.argv) > 1 and script == "app.py":
                told(name, weigh(browser, sys.argv[1]))
                continue
            with serve(str(ROOT / script)) as address:
                told(name, weigh(browser, address))
        browser.close()


if __name__ == "__main__":
    main()
