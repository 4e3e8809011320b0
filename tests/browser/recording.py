"""`python -m tests.browser.recording`: docs/board.webp, the board while it separates the first example from z = 0.

One thread and float32 make the search slow enough to be filmed; the film plays in about seven seconds.
"""

from __future__ import annotations

import io
import math
import os
import time

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.server import EXAMPLE, ROOT, in_plex, launch, serve

STEPS, WIDTH = 90, 900
MOST_FRAMES = 28
LONGEST = 150  # seconds of filming
PLAYED, LAST = 4_800, 2_200  # milliseconds: of the search, and of its result
STATUS = "() => document.querySelector('.bss-board').dataset.status"


def main() -> None:
    """Open the first example, ask for a search from z = 0, press Separate, and film the board."""
    os.environ |= {"OMP_NUM_THREADS": "1", "BSSDEMO_PRECISION": "float32"}
    with serve() as url, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1580, "height": 1000}, color_scheme="light")
        page.goto(f"{url}?__theme=light")
        page.get_by_role("button", name=EXAMPLE, exact=True).wait_for()
        in_plex(page)
        page.get_by_role("button", name=EXAMPLE, exact=True).click()
        page.locator("#message").get_by_text("recorded run").wait_for()
        page.wait_for_timeout(1500)
        page.evaluate("() => document.querySelector('#start input[value=zeros]').click()")
        page.get_by_text("Steps, learning rate").first.click()
        steps = page.get_by_label("number input for Steps").first
        steps.fill(str(STEPS))
        steps.press("Tab")
        page.wait_for_timeout(600)
        page.locator("#separate").click()
        frames = film(page)
        browser.close()
    height = min(frame.height for frame in frames)
    kept = frames[:-1][:: math.ceil(len(frames) / MOST_FRAMES)] + frames[-1:]
    frames = [frame.crop((0, 0, WIDTH, height)) for frame in kept]
    each = PLAYED // max(1, len(frames) - 1)
    frames[0].save(
        ROOT / "docs" / "board.webp", save_all=True, append_images=frames[1:],
        duration=[each] * (len(frames) - 1) + [LAST], loop=0, quality=72, method=4,
    )  # fmt: skip


def film(page: Page) -> list[Image.Image]:
    """The board as often as it can be photographed during the search, and once when it is done."""
    board, frames, began = page.locator(".bss-board"), [], time.monotonic()
    while time.monotonic() - began < LONGEST:
        status = page.evaluate(STATUS)
        if status == "searching" or (status == "done" and frames):
            picture = Image.open(io.BytesIO(board.screenshot())).convert("RGB")
            frames.append(picture.resize((WIDTH, round(picture.height * WIDTH / picture.width))))
        if status == "done" and frames:
            return frames
    raise TimeoutError(f"no search ended within {LONGEST} s")


if __name__ == "__main__":
    main()
