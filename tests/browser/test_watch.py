"""A visitor's own recording in a real browser: a part of it is dragged, its search is watched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect

from bssdemo import audio
from tests.browser.server import EXAMPLE

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds


@pytest.fixture(autouse=True)
def _patient() -> None:
    expect.set_options(timeout=PATIENCE)


def test_a_part_is_dragged_on_the_waveform_and_its_search_is_watched(
    page: Page, address: str, tmp_path: Path
) -> None:
    time = torch.arange(75 * 8000) / 8000
    audio.write_wav(tmp_path / "long.wav", 0.4 * torch.sin(3000 * time) * torch.exp(-5 * (time % 0.8)), 8000)
    page.goto(address)
    page.locator("#mixture input[type=file]").set_input_files(tmp_path / "long.wav")
    expect(page.locator("#cut")).to_contain_text("This recording lasts 1:15")
    board = page.locator(".bss-board")
    expect(board).to_have_attribute("data-status", "chosen")
    expect(page.locator(".bss-own canvas")).to_have_attribute("aria-label", re.compile("60.00 seconds"))
    page.locator("#cut [data-part=length]").fill("2")
    page.locator("#cut [data-part=length]").press("Enter")
    expect(page.locator("#message")).to_contain_text("2.0 s of recording")  # and nothing moves any more
    area = page.locator(".cut-area").bounding_box()
    assert area is not None
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + area["width"] / 75, middle)  # the window is moved ...
    page.mouse.down()
    page.mouse.move(area["x"] + 0.5 * area["width"], middle, steps=4)
    page.mouse.up()
    expect(page.locator("#cut [data-part=start]")).to_have_value(re.compile(r"^3[5-7]\."))
    page.locator("#sources input[type=checkbox]").nth(1).check()
    page.locator("#watch").click()
    expect(board).to_have_attribute("data-status", "searching")
    expect(page.locator("#columns")).to_have_class(re.compile("watching"))
    page.locator("#stop").click()
    expect(board).to_have_attribute("data-status", "stopped")


def test_the_walk_through_is_dismissed_for_good(page: Page, address: str) -> None:
    page.goto(address)
    walk = page.locator("#walk .walk")
    expect(walk).to_contain_text("in three steps")
    for step in ("1 of 3", "2 of 3", "3 of 3"):
        walk.locator("[data-part=next]").press("Enter")
        expect(walk).to_contain_text(step)
    walk.locator("[data-part=next]").press("Enter")
    expect(walk).to_be_hidden()
    page.reload()
    expect(page.get_by_role("button", name=EXAMPLE, exact=True)).to_be_visible()
    expect(walk).to_be_hidden()
