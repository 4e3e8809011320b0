"""Every tab in light and dark, looked at by axe-core: nothing serious or critical stands between it and anybody."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.server import EXAMPLE

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds
GRAVE = ("serious", "critical")
# Gradio's own, with no attribute of ours that could mend it: see docs/guide/page.md, Limits
GRADIOS: tuple[str, ...] = ()


@pytest.fixture(autouse=True)
def _patient() -> None:
    expect.set_options(timeout=PATIENCE)


def grave(page: Page) -> list[str]:
    """The serious and critical violations now, a line each."""
    page.wait_for_timeout(1000)
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['html'][:160]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
        if not any(part in str(node["target"]) + node["html"] for part in GRADIOS)
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_tab_has_a_serious_violation(page: Page, address: str, theme: str) -> None:
    page.goto(f"{address}?__theme={theme}")
    page.get_by_role("button", name=EXAMPLE, exact=True).click()
    expect(page.locator("#message")).to_contain_text("A recorded run of this example.")
    found = {"Audio": grave(page)}
    for tab in ("Pictures", "Benchmarks", "About"):
        page.get_by_role("tab", name=tab).click()
        found[tab] = grave(page)
    assert {tab: lines for tab, lines in found.items() if lines} == {}
