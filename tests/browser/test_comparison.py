"""The comparison with other methods and the Benchmarks tab, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from bssdemo import audio
from bssdemo.bench.published import tables
from tests.browser.fields import set_steps
from tests.browser.server import EXAMPLE

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds


@pytest.fixture(autouse=True)
def _patient() -> None:
    expect.set_options(timeout=PATIENCE)


def open_example(page: Page, address: str, title: str = EXAMPLE) -> None:
    page.goto(address)
    expect(page.get_by_role("button", name=EXAMPLE, exact=True)).to_be_visible()
    expect(page.locator("#comparison")).to_be_hidden()  # nothing has been separated yet
    page.get_by_role("button", name=title, exact=True).click()
    expect(page.locator("#comparison")).to_be_visible()


def choose(page: Page, *titles: str) -> None:
    for box in page.locator("#methods label").all():
        box.locator("input").set_checked(any(box.inner_text().startswith(title) for title in titles))


def method(page: Page, title: str) -> Locator:
    """What the page shows for one method: its board and mixer."""
    return page.locator(".method:visible", has=page.locator(f".bss-method[aria-label='{title}']"))


def methods_scored(page: Page) -> list[str]:
    expect(page.locator("#scores table")).to_be_visible()
    return page.locator("#scores tbody th").all_inner_texts()


OURS = ["the mixture itself", "ours, raw", "ours, refined"]


def test_nmf_on_the_same_mixture_is_seen_heard_and_scored(page: Page, address: str) -> None:
    open_example(page, address)
    choose(page, "NMF")
    page.locator("#comparison-run").click()
    assert methods_scored(page) == [*OURS, "NMF"]
    expect(page.locator(".method:visible")).to_have_count(2)
    for title in ("Ours, refined", "NMF"):
        row = method(page, title)
        expect(row.locator(".bss-method canvas")).to_have_count(2)
        expect(row.locator(".mix-stem a[download]")).to_have_count(2)
        expect(row.locator(".bss-method canvas").first).to_have_attribute(
            "aria-label", re.compile(f"{title}, 1.02 seconds")
        )
        drawn = row.locator(".bss-method canvas").evaluate_all("all => all.map(canvas => canvas.toDataURL())")
        assert len(set(drawn)) == 2
    expect(method(page, "NMF")).to_contain_text("nearest to spoken digits")
    numbers = page.locator("#scores td:not(thead td)").all_inner_texts()
    assert len(numbers) == 4 * 4 * 2
    assert all(re.fullmatch(r"-?\d+\.\d\d", number) for number in numbers)
    page.locator("#reset").click()
    expect(page.locator("#comparison")).to_be_hidden()


def test_unmix_and_remix_is_offered_ticked_and_named_for_its_own_sources_alone(
    page: Page, address: str
) -> None:
    title, boxes = "Unmix-and-remix", page.locator("#methods")
    open_example(page, address)
    expect(boxes).to_contain_text("only for spoken digits and drums")
    expect(boxes.get_by_label(title)).to_have_count(0)
    page.get_by_role("button", name="“Zero” and a snare", exact=True).click()
    expect(boxes.get_by_label(title)).to_be_checked()
    expect(boxes).not_to_contain_text("only for")
    page.locator("#comparison-run").click()
    assert methods_scored(page) == [*OURS, title, "NMF"]
    row = method(page, title)
    expect(row.locator("[data-part=about]")).to_contain_text("knows only recordings like those")
    expect(row.locator(".bss-method canvas")).to_have_count(2)
    expect(row.locator(".mix-stem a[download]")).to_have_count(2)
    expect(row).to_contain_text("spoken digits")
    expect(row).not_to_contain_text("nearest to")
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name=EXAMPLE, exact=True).click()
    expect(boxes.get_by_label(title)).to_have_count(0)


def test_a_method_that_streams_is_stopped_and_still_heard(page: Page, address: str) -> None:
    open_example(page, address)
    choose(page, "Deep Audio Prior")
    page.locator("#comparison-run").click()
    row = method(page, "Deep Audio Prior")
    expect(row.locator(".bss-number[data-part=time]")).to_have_text(re.compile(r"^step [1-9]\d* / \d+"))
    expect(row.locator(".bss-method canvas")).to_have_count(2)
    page.locator("#comparison-stop").click()
    expect(row.locator(".bss-number[data-part=time]")).to_have_text(re.compile("stopped"))
    expect(row.locator(".mix-stem a[download]")).to_have_count(2)
    expect(page.locator("#comparison-message")).to_contain_text("this is what there is so far")
    assert methods_scored(page) == [*OURS, "Deep Audio Prior"]


def test_two_visitors_each_see_their_own_comparison(page: Page, address: str) -> None:
    other = page.context.new_page()
    open_example(page, address)
    open_example(other, address, "“Eight”, a snare and a Bach prelude")
    choose(page, "NMF")
    choose(other, "PCA")
    page.locator("#comparison-run").click()
    other.locator("#comparison-run").click()
    other.locator("#stop").click()  # acts on the other visitor's alone
    assert methods_scored(page) == [*OURS, "NMF"]
    expect(page.locator("#comparison-message")).to_contain_text("Done.")
    expect(method(page, "NMF").locator(".mix-stem")).to_have_count(2)
    expect(method(page, "PCA")).to_have_count(0)
    expect(other.locator("#comparison-message")).to_contain_text("this is what there is so far")
    expect(method(other, "Ours, refined").locator(".mix-stem")).to_have_count(3)
    expect(method(other, "NMF")).to_have_count(0)


def test_true_sources_of_an_upload_are_asked_for_checked_and_used(
    page: Page, address: str, tmp_path: Path
) -> None:
    time = torch.arange(22_050) / 22_050
    parts = [0.3 * torch.sin(3000 * time) * torch.exp(-5 * time), 0.3 * torch.sin(900 * time)]
    for name, sound in (
        ("mix", sum(parts)),
        ("one", parts[0]),
        ("two", parts[1]),
        ("short", parts[1][:8000]),
    ):
        audio.write_wav(tmp_path / f"{name}.wav", sound, 22_050)
    page.goto(address)
    for at in (0, 1):
        page.locator("#sources input[type=checkbox]").nth(at).check()
    page.locator("#mixture input[type=file]").set_input_files(tmp_path / "mix.wav")
    set_steps(page, 10)
    page.locator("#separate").click()
    expect(page.locator("#comparison")).to_be_visible()
    choose(page, "PCA")
    page.locator("#comparison-run").click()
    expect(page.locator("#comparison-message")).to_contain_text("Scores need the true sources")
    expect(method(page, "PCA")).to_contain_text("component 1")
    expect(page.locator("#scores")).to_be_hidden()
    page.get_by_role("button", name="I have the true sources").click()
    slots = page.locator("#true-sources input[type=file]")
    expect(slots).to_have_count(2)
    slots.nth(1).set_input_files(tmp_path / "short.wav")
    slots.nth(0).set_input_files(tmp_path / "one.wav")
    expect(page.locator("#true-sources a[download], #true-sources button[aria-label='Clear']")).to_have_count(
        2
    )
    page.locator("#score").click()
    expect(page.get_by_role("alert")).to_contain_text("lasts 0.36 s, the mixture 1.00 s")
    page.locator("#true-sources button[aria-label='Clear']").nth(1).click()
    slots.last.set_input_files(tmp_path / "two.wav")
    expect(page.locator("#true-sources button[aria-label='Clear']")).to_have_count(2)
    page.locator("#score").click()
    assert methods_scored(page) == [*OURS, "PCA"]
    expect(method(page, "PCA")).to_contain_text("nearest to speech")


def test_the_benchmarks_tab_shows_every_table_in_the_width_there_is(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("tab", name="Benchmarks").click()
    expect(page.get_by_text("How well do the sources come out?")).to_be_visible()
    expect(page.locator("#benchmarks .chart")).to_have_count(12)
    page.get_by_role("button", name="All numbers of the paper's mixtures").click()
    expect(page.locator("#numbers table")).to_have_count(tables().count("\n|-"))
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 800})
        cut = page.locator("#benchmarks .chart :is(th, td)").evaluate_all(
            "all => all.filter(cell => cell.scrollWidth > cell.clientWidth + 1).length"
        )
        assert cut == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
