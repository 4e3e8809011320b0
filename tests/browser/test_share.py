"""A visit that travels and lasts: the address restores what is shown, and a refresh finds the finished run."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds


@pytest.fixture(autouse=True)
def _patient() -> None:
    expect.set_options(timeout=PATIENCE)


def asked(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_an_address_opens_what_it_says_and_a_refresh_keeps_the_run(page: Page, address: str) -> None:
    page.goto(f"{address}?example=digit-piano&weights=0.9,0.02,0.2,0.2,1&seed=7&mode=watch")
    expect(page.locator("#message")).to_contain_text("A recorded run of this example.")
    expect(page.locator("#beta-1 input[type=range]")).to_have_value("0.9")
    expect(page.locator("#columns")).to_have_class(re.compile("watching"))
    page.get_by_role("button", name="Steps, learning rate").click()
    expect(page.locator("#seed input")).to_have_value("7")
    page.locator("#seed input").fill("8")
    page.locator("#seed input").press("Enter")
    page.wait_for_function("location.search.includes('seed=8')")
    assert asked(page)["mode"] == "watch"
    page.locator("#separate").click()
    expect(page.locator("#download")).to_be_visible()
    page.wait_for_function("sessionStorage.getItem('bss-run')")
    page.get_by_role("tab", name="About").click()
    page.wait_for_function("location.search.includes('tab=about')")
    assert asked(page) == {
        "example": "digit-piano",
        "weights": "0.9,0.02,0.2,0.2,1",
        "seed": "8",
        "tab": "about",
    }
    page.reload()
    expect(page.get_by_role("tab", name="About")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Audio").click()
    expect(page.locator("#message")).to_contain_text("Your last run is still here.")
    expect(page.locator(".bss-board")).to_have_attribute("data-status", "done")
    expect(page.locator("#download")).to_be_visible()
    page.locator("#preset").get_by_text("Paper", exact=True).click()
    page.wait_for_function("location.search.includes('preset=paper')")
    page.locator("#reset").click()
    page.wait_for_function("!location.search.includes('example') && !location.search.includes('seed')")
