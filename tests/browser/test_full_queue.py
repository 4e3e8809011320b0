"""A page whose queue takes nobody: whoever is refused is told so, and nothing on the page is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.server import EXAMPLE, serve

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def full(tiny_checkpoints: Path) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOST_WAITING", "0")
        with serve("tests/ui/serve.py", str(tiny_checkpoints)) as url:
            yield url


def test_a_refused_visitor_is_told_and_keeps_everything(browser: Browser, full: str) -> None:
    page = (
        browser.new_page()
    )  # not the fixture: a refusal is an answer of 503, which that one takes for a fault
    expect.set_options(timeout=60_000)
    page.goto(full)
    page.get_by_role("button", name=EXAMPLE, exact=True).click()
    expect(page.locator("#message")).to_contain_text("A recorded run")  # not the poster's lanes of before
    expect(page.locator("#stage-mixer .mix-lane")).to_have_count(4)
    expect(page.locator(".bss-board")).to_have_attribute("data-stems", "refined")  # its replay was refused
    sounds = page.eval_on_selector_all("#stage-mixer a[download]", "links => links.map(link => link.href)")
    page.locator("#separate").click()
    expect(page.locator("#message [role=alert]")).to_contain_text("Too many visitors")
    expect(page.locator("#message")).not_to_contain_text("Waiting for a turn")
    expect(page.locator("#message [role=alert]")).to_be_visible()
    assert sounds == page.eval_on_selector_all(
        "#stage-mixer a[download]", "links => links.map(link => link.href)"
    )
    page.locator("#methods").get_by_label("NMF").check()
    page.locator("#comparison-run").click()
    expect(page.locator("#comparison-message [role=alert]")).to_contain_text("Too many visitors")
    expect(page.locator(".bss-board")).to_have_attribute("aria-label", re.compile("recorded run"))
    page.close()
