"""`python -m tests.browser.screenshot`: docs/board.png, the page while it separates the first example."""

from __future__ import annotations

from playwright.sync_api import sync_playwright

from tests.browser.server import EXAMPLE, ROOT, in_plex, launch, serve

SHARE = 0.6  # of the steps, when the picture is taken


def main() -> None:
    """Open the first example, press Separate, and take the picture in mid-run."""
    with serve() as url, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, device_scale_factor=1.5)
        page.goto(url)
        page.get_by_role("button", name=EXAMPLE, exact=True).wait_for()
        in_plex(page)
        page.get_by_role("button", name=EXAMPLE, exact=True).click()
        page.locator("#message").get_by_text("recorded run").wait_for()
        page.wait_for_timeout(1000)
        page.locator("#separate").click()
        page.wait_for_function(
            """share => {
                const board = document.querySelector('.bss-board');
                const steps = Number(board.querySelector('[data-part=step]').textContent.split('/')[1]);
                return board.dataset.status === 'searching' && board.dataset.step >= share * steps;
            }""",
            arg=SHARE,
            timeout=120_000,
        )
        page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
        page.screenshot(path=ROOT / "docs" / "board.png")
        browser.close()


if __name__ == "__main__":
    main()
