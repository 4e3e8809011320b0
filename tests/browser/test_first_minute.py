"""A stranger's first minute: what is in sight, the keys to a soloed stem, and a page that does not jump."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.weight import told, weigh

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds
LEAST_KEYS = 12  # fewer must be enough
STEADY = 0.1  # a layout shift that is called good
MOST_SENT = 400_000  # bytes; an empty page of Gradio has 329,000
FIRST = "A phone voice over a Bach prelude"
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture(autouse=True)
def _patient() -> None:
    expect.set_options(timeout=PATIENCE)


def test_what_is_sent_before_a_tab_is_opened_is_light(browser: Browser, address: str) -> None:
    weight = weigh(browser, address)
    told("page", weight)
    assert weight.requests > 50  # all of it was counted
    assert weight.total < MOST_SENT


def test_what_it_does_what_to_press_and_something_to_hear_are_above_the_fold(
    page: Page, address: str
) -> None:
    page.goto(address)
    for width, height in ((1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        expect(page.get_by_role("button", name=FIRST, exact=True)).to_be_visible()
        page.wait_for_timeout(1000)
        for shown in (
            page.get_by_text("hear each one alone"),
            page.get_by_role("button", name=FIRST, exact=True),
            page.get_by_role("button", name=f"Play Mixed: {FIRST}"),
            page.get_by_role("button", name=f"Play Speech: {FIRST}"),
        ):
            box = shown.bounding_box()
            assert box is not None
            assert box["height"] > 20
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= height
        assert page.evaluate("scrollY") == 0  # nothing on the page has called for attention
        for tab in ("Audio", "Pictures", "Benchmarks", "About"):
            expect(page.get_by_role("tab", name=tab)).to_be_visible()  # none is hidden behind a menu


def test_few_keys_lead_from_landing_to_a_soloed_stem(page: Page, address: str) -> None:
    page.goto(address)
    card = page.get_by_role("button", name=FIRST, exact=True)
    expect(card).to_be_visible()
    presses = 0
    while not card.evaluate("node => node === document.activeElement"):
        page.keyboard.press("Tab")
        presses += 1
        assert presses < LEAST_KEYS
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("A recorded run of this example.")
    mixer = page.locator("#stage-mixer .mix")
    expect(mixer).to_be_focused()
    page.keyboard.press("1")
    expect(mixer.get_by_role("button", name="Solo speech")).to_have_attribute("aria-pressed", "true")
    print(f"\n{presses + 2} key presses")
    assert presses + 2 < LEAST_KEYS


def test_a_card_plays_before_and_after_one_at_a_time(page: Page, address: str) -> None:
    page.goto(address)
    mixed = page.get_by_role("button", name=f"Play Mixed: {FIRST}")
    speech = page.get_by_role("button", name=f"Play Speech: {FIRST}")
    mixed.click()
    expect(mixed).to_have_attribute("aria-pressed", "true")
    speech.click()
    expect(speech).to_have_attribute("aria-pressed", "true")
    expect(mixed).not_to_have_attribute("aria-pressed", "true")
    page.locator("#stage-mixer").get_by_role("button", name="Play", exact=True).click()
    expect(speech).not_to_have_attribute("aria-pressed", "true")


def test_a_phones_page_does_not_jump_during_a_run(page: Page, address: str) -> None:
    page.add_init_script(SHIFTS)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    page.get_by_role("button", name="“Five” over a Bach prelude", exact=True).click()
    expect(page.locator("#message")).to_contain_text("A recorded run of this example.")
    expect(page.locator(".bss-board")).to_have_attribute("data-status", "recorded")
    page.wait_for_timeout(2500)
    landed = page.evaluate("window.shifted")
    page.evaluate("window.shifted = 0")
    page.locator("#separate").click()
    expect(page.locator(".bss-board")).to_have_attribute("data-status", "searching")
    page.wait_for_function("Number(document.querySelector('.bss-board').dataset.step) >= 2")
    page.locator("#stop").click()
    expect(page.locator(".bss-board")).to_have_attribute("data-status", "stopped")
    page.wait_for_timeout(1000)
    shifted = page.evaluate("window.shifted")
    print(f"\nlayout shift {landed:.3f} until an example is open, {shifted:.3f} in a run")
    assert shifted < STEADY
