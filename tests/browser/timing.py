"""`python -m tests.browser.timing`: seconds from the press of a button to what a visitor sees, per example."""

from __future__ import annotations

import time

from playwright.sync_api import Page, sync_playwright

from tests.browser.server import EXAMPLE, launch, serve

RUNS = 3  # the median is printed
PATIENCE = 120_000  # milliseconds
STATUS = "document.querySelector('.bss-board').dataset.status"
STEP = "Number(document.querySelector('.bss-board').dataset.step)"
EVENTS = {  # what is waited for, in this order, after Separate
    "first frame": f"{STATUS} === 'searching'",
    "first moving frame": f"{STATUS} === 'searching' && {STEP} >= 1",
    "stems": f"{STATUS} === 'done' && Number(document.querySelector('#stage-mixer .mix').dataset.tracks) > 1",
    "zip": "document.querySelector('#download') !== null",
}


def one_run(page: Page, url: str, example: int) -> list[float]:
    """Seconds from the press on an example to its moving picture, then from Separate to every event."""
    page.goto(url)
    button = page.locator(".card-open").nth(example)
    button.wait_for()
    page.wait_for_timeout(1000)
    pressed = time.perf_counter()
    button.click()
    page.locator("#message").get_by_text("A recorded run of this example").wait_for()
    page.wait_for_function(f"{STATUS} === 'recorded' && {STEP} >= 1", timeout=PATIENCE)
    seconds = [time.perf_counter() - pressed]
    page.wait_for_function("document.querySelector('.bss-board').textContent.includes('complete')")
    pressed = time.perf_counter()
    page.locator("#separate").click()
    for condition in EVENTS.values():
        page.wait_for_function(condition, timeout=PATIENCE)
        seconds.append(time.perf_counter() - pressed)
    return seconds


def main() -> None:
    """Print a Markdown table of medians over RUNS runs with the page's default settings."""
    with serve() as url, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(url)
        page.get_by_role("button", name=EXAMPLE, exact=True).wait_for()
        titles = page.locator(".card-open").all_inner_texts()
        print("| example | pressed: moving | " + " | ".join(f"Separate: {name}" for name in EVENTS) + " |")
        print("|---" * (2 + len(EVENTS)) + "|")
        for at, title in enumerate(titles):
            runs = zip(*(one_run(page, url, at) for _ in range(RUNS)), strict=True)
            medians = [sorted(times)[RUNS // 2] for times in runs]
            print(f"| {title} | " + " | ".join(f"{seconds:.1f} s" for seconds in medians) + " |", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
