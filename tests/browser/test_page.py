"""A visitor's way through the page, in a real browser."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from bssdemo import audio
from bssdemo.search.pgd import PRESETS
from tests.browser.fields import set_steps
from tests.browser.server import EXAMPLE

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds


@pytest.fixture(autouse=True)
def _patient() -> None:
    expect.set_options(timeout=PATIENCE)


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#board [data-part={name}]")


def step(page: Page) -> int:
    return int(page.locator(".bss-board").get_attribute("data-step") or 0)


def wait_for_step(page: Page, least: int) -> None:
    page.wait_for_function(
        "least => Number(document.querySelector('.bss-board').dataset.step) >= least", arg=least
    )


def pixels(page: Page) -> list[str]:
    """The pictures of all canvases on the board."""
    return page.eval_on_selector_all("#board canvas", "all => all.map(canvas => canvas.toDataURL())")


def open_example(page: Page, address: str, query: str = "") -> None:
    page.goto(address + query)
    page.get_by_role("button", name=EXAMPLE, exact=True).click()
    expect(page.locator("#message")).to_contain_text("A recorded run of this example.")


def sounds(page: Page) -> list[str]:
    """The addresses of what the mixer holds."""
    return page.eval_on_selector_all(
        "#stage-mixer a[download]", "links => links.map(link => link.getAttribute('href'))"
    )


def seconds_heard(page: Page) -> list[float]:
    """Durations of what the mixer holds, decoded by the browser."""
    return page.eval_on_selector_all(
        "#stage-mixer a[download]",
        """links => Promise.all(links.map(async link => {
            const bytes = await (await fetch(link.href)).arrayBuffer();
            return (await new OfflineAudioContext(1, 1, 16000).decodeAudioData(bytes)).duration;
        }))""",
    )


def test_an_example_replays_then_a_live_search_is_retuned_stopped_and_heard(page: Page, address: str) -> None:
    open_example(page, address)
    expect(part(page, "status")).to_have_text(re.compile("^Recorded run"))
    wait_for_step(page, 1)
    before = step(page), pixels(page)
    wait_for_step(page, before[0] + 1)
    page.wait_for_timeout(300)
    # the mixture stays, and the residual is awaited
    assert all(now != then for now, then in zip(pixels(page)[1:-1], before[1][1:-1], strict=True))
    expect(page.locator("#stage-mixer .mix-lane")).to_have_count(4)  # mixture, two stems, residual
    assert all(seconds == pytest.approx(1.024, abs=0.01) for seconds in seconds_heard(page))
    expect(page.locator("#stage-mixer").get_by_role("button", name="Truth")).to_be_visible()

    page.locator("#preset").get_by_label("Paper", exact=True).check()  # a thousand steps leave time to act in
    expect(page.locator("#beta-4 input[type=number]")).to_have_value("0.4")
    page.locator("#separate").click()
    expect(part(page, "status")).to_have_text("Searching")
    expect(part(page, "step")).to_have_text(re.compile("/ 1000$"))
    wait_for_step(page, 2)

    slider = page.locator("#beta-1 input[type=number]")
    slider.fill("1.5")
    slider.press("Enter")
    expect(part(page, "beta-0")).to_have_text("1.50")
    expect(part(page, "status")).to_have_text("Searching")
    acted = step(page)
    wait_for_step(page, acted + 2)

    page.locator("#stop").click()
    expect(part(page, "status")).to_have_text("Stopped")
    expect(page.locator("#message")).to_contain_text("these are the stems so far")
    assert acted < step(page) < 1000
    expect(page.locator("#download")).to_be_visible()
    durations = seconds_heard(page)
    assert len(durations) == 4
    assert all(seconds == pytest.approx(1.024, abs=0.01) for seconds in durations)
    play = page.get_by_role("button", name="Play the refined stem of spoken digits")
    play.click()
    expect(page.locator("figure:has(.bss-playing) .bss-playhead")).to_be_visible()
    expect(page.get_by_role("button", name="Pause the refined stem of spoken digits")).to_be_visible()
    expect(page.locator(".bss-playing")).to_have_count(0)  # a second later


def test_a_live_search_runs_to_its_end_and_its_zip_holds_everything(
    page: Page, address: str, tmp_path: Path
) -> None:
    open_example(page, address)
    set_steps(page, 20)
    page.locator("#seed input").fill("7")
    page.locator("#seed input").press("Tab")
    page.locator("#separate").click()
    expect(part(page, "step")).to_have_text("step 20 / 20")
    expect(part(page, "status")).to_have_text("Done")
    expect(page.locator("#download")).to_be_visible()
    with page.expect_download() as downloading:
        page.locator("#download").click()
    path = tmp_path / "stems.zip"
    downloading.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("report.json"))["settings"]["seed"] == 7
        assert {"mixture.wav", "report.json", "losses.csv", "figure.png"} <= set(archive.namelist())
        raw = {name for name in archive.namelist() if name.startswith("raw/")}
        assert len(raw) == 2
        assert {name.removeprefix("raw/") for name in raw} | {"residual.wav"} <= set(archive.namelist())
        assert len(archive.namelist()) == 9


def test_raw_and_refined_stems_are_one_switch_apart(page: Page, address: str) -> None:
    open_example(page, address)
    expect(page.locator(".bss-board")).to_have_attribute("data-stems", "refined")  # the replay has ended
    expect(page.locator(".bss-rest canvas")).to_have_attribute(
        "aria-label", re.compile("^Spectrogram of the residual")
    )
    expect(page.locator("#stage-mixer")).to_contain_text("residual")
    page.wait_for_timeout(500)
    refined = pixels(page), sounds(page)
    page.locator("#stems").get_by_label("Raw").check()
    expect(page.locator(".bss-board")).to_have_attribute("data-stems", "raw")
    page.wait_for_function(
        "before => !document.querySelector(`#stage-mixer a[href='${before}']`)", arg=refined[1][1]
    )
    page.wait_for_timeout(500)
    raw = pixels(page), sounds(page)
    changed = [one != other for one, other in zip(refined[1], raw[1], strict=True)]
    assert changed == [False, True, True, False]  # mixture and residual are the same
    differ = [one != other for one, other in zip(refined[0], raw[0], strict=True)]
    assert differ == [False, True, False, *2 * [True, *4 * [False]], False]  # the stems' pictures alone
    page.locator("#stems").get_by_label("Refined").check()
    expect(page.locator(".bss-board")).to_have_attribute("data-stems", "refined")
    page.wait_for_function(
        "before => document.querySelector(`#stage-mixer a[href='${before}']`)", arg=refined[1][1]
    )
    page.wait_for_timeout(500)
    assert pixels(page) == refined[0]


def test_five_seconds_are_shown_and_separated_whole(page: Page, address: str, tmp_path: Path) -> None:
    time = torch.arange(5 * 44_100) / 44_100
    sound = 0.4 * torch.sin(3000 * time) * torch.exp(-5 * (time % 0.8))
    audio.write_wav(tmp_path / "five.wav", torch.stack([sound, 0.3 * sound]), 44_100)
    page.goto(address)
    page.locator("#sources input[type=checkbox]").nth(1).check()
    page.locator("#mixture input[type=file]").set_input_files(tmp_path / "five.wav")
    expect(page.locator("#message")).to_contain_text("5.0 s of recording, one source: about")
    set_steps(page, 10)
    page.locator("#separate").click()
    expect(part(page, "status")).to_have_text("Searching")
    expect(page.locator("#board canvas").first).to_have_attribute("aria-label", re.compile("5.00 seconds"))
    expect(page.locator(".bss-rest")).to_have_class(re.compile("bss-awaited"))
    height = page.locator(".bss-board").bounding_box()["height"]
    expect(part(page, "status")).to_have_text("Done", timeout=3 * PATIENCE)
    expect(page.locator(".bss-rest")).not_to_have_class(re.compile("bss-awaited"))
    assert page.locator(".bss-board").bounding_box()["height"] == pytest.approx(height, abs=1)
    expect(page.locator("#stage-mixer .mix-lane")).to_have_count(3)
    assert all(seconds == pytest.approx(5.0, abs=0.01) for seconds in seconds_heard(page))


def test_separate_again_begins_anew_and_a_closed_tab_frees_the_machine(page: Page, address: str) -> None:
    open_example(page, address)
    page.locator("#preset").get_by_label("Paper", exact=True).check()
    expect(page.locator("#beta-4 input[type=number]")).to_have_value("0.4")
    page.locator("#separate").click()
    expect(part(page, "step")).to_have_text(re.compile("/ 1000$"))
    wait_for_step(page, 5)
    page.locator("#preset").get_by_label("Balanced").check()
    page.locator("#separate").click()  # drops the run of 1,000 steps
    expect(part(page, "step")).not_to_have_text(re.compile("/ 1000$"))
    page.locator("#preset").get_by_label("Paper", exact=True).check()
    page.locator("#separate").click()
    expect(part(page, "step")).to_have_text(re.compile("/ 1000$"))
    wait_for_step(page, 1)
    other = page.context.new_page()
    page.close()
    open_example(other, address)
    other.locator("#separate").click()  # shares the one turn with the run of the page just closed
    expect(part(other, "status")).to_have_text("Searching", timeout=20_000)
    other.locator("#stop").click()
    expect(part(other, "status")).to_have_text(re.compile("Stopped|Done"))


def test_what_is_missing_is_said_without_an_error(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#separate").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a mixture first")
    page.get_by_role("button", name=EXAMPLE, exact=True).click()
    expect(page.locator("#message")).to_contain_text("A recorded run of this example.")
    for box in page.locator("#sources input[type=checkbox]").all():
        box.uncheck()
    page.locator("#separate").click()
    expect(page.get_by_role("alert")).to_contain_text("at least one source")


def test_a_text_renamed_to_wav_is_refused_in_words(page: Page, address: str, tmp_path: Path) -> None:
    file = tmp_path / "renamed.wav"
    file.write_text("this is a text, not a sound")
    page.goto(address)
    page.locator("#sources input[type=checkbox]").first.check()
    page.locator("#mixture input[type=file]").set_input_files(file)
    page.wait_for_timeout(2000)
    page.locator("#separate").click()
    expect(page.get_by_role("alert")).to_contain_text("sound")
    page.wait_for_timeout(1000)
    expect(page.get_by_role("alert")).to_contain_text("sound")  # and it stays


def test_reset_brings_the_page_back(page: Page, address: str) -> None:
    open_example(page, address)
    page.locator("#preset").get_by_label("The paper's code").check()
    expect(page.locator("#beta-4 input[type=number]")).to_have_value("0.8")
    page.locator("#reset").click()
    expect(page.locator(".bss-board")).to_have_attribute("data-status", "idle")
    page.wait_for_timeout(1000)  # the replay that was going must not come back
    expect(page.locator(".bss-board")).to_have_attribute("data-status", "idle")
    expect(page.locator("#beta-4 input[type=number]")).to_have_value(
        f"{PRESETS['balanced'].objective.weights.frequency:g}"
    )
    expect(page.locator("#stage-mixer .mix")).to_have_attribute("data-tracks", "0")
    assert not any(box.is_checked() for box in page.locator("#sources input[type=checkbox]").all())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_everything_without_scrolling_sideways(page: Page, address: str, theme: str) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    open_example(page, address, f"?__theme={theme}")
    wait_for_step(page, 1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    sticking_out = page.evaluate(
        """() => [...document.querySelectorAll('.bss-board *, #controls *, #stage-mixer *')]
            .filter(node => node.getClientRects().length && !node.closest('svg, .bss-hidden, #waveform'))
            .filter(node => node.getBoundingClientRect().right > 400.5)
            .map(node => node.tagName + '.' + node.className)"""
    )
    assert sticking_out == []


def test_dark_and_light_colour_the_board(page: Page, address: str) -> None:
    grounds = []
    for theme in ("light", "dark"):
        page.goto(f"{address}?__theme={theme}")
        board = page.locator(".bss-board")
        grounds.append(board.evaluate("board => getComputedStyle(board).backgroundColor"))
    light, dark = (sum(map(int, re.findall(r"\d+", ground)[:3])) for ground in grounds)
    assert light > 600
    assert dark < 150


def test_the_board_speaks_to_screen_readers(page: Page, address: str) -> None:
    open_example(page, address)
    wait_for_step(page, 1)
    pictures = page.locator("#board canvas[role=img]")
    expect(pictures).to_have_count(3 + 2 * 5 + 1)
    expect(pictures.nth(3)).to_have_attribute(
        "aria-label", re.compile("^Spectrogram of the (estimate|refined stem) of spoken")
    )
    expect(pictures.nth(4)).to_have_attribute(
        "aria-label", re.compile(r"^spectral loss of .*: [-\d.]+ at step \d+")
    )
    expect(page.locator(".bss-board")).to_have_attribute("aria-label", re.compile(r"Step \d+ of \d+"))
    expect(part(page, "live")).to_have_text("Showing a recorded run.")


def test_an_id_of_ours_stands_once_in_the_page_that_is_drawn(page: Page, address: str) -> None:
    """Also in the tabs that are not open; Gradio's own players repeat ids of theirs."""
    open_example(page, address)
    for tab in ("Pictures", "Benchmarks", "Audio"):
        page.get_by_role("tab", name=tab).click()
        ours = page.evaluate("window.gradio_config.components.map(one => one.props.elem_id).filter(Boolean)")
        assert len(ours) == len(set(ours)) > 20
        drawn = page.eval_on_selector_all("[id]", "all => all.map(node => node.id)")
        assert [name for name in ours if drawn.count(name) > 1] == []


def test_the_board_has_a_button_for_every_sound_of_the_mixer(page: Page, address: str) -> None:
    open_example(page, address)
    expect(page.locator("#stage-mixer a[download]")).to_have_count(4)  # mixture, two stems, residual
    expect(page.locator(".bss-board")).to_have_class(re.compile("bss-audible"))
    expect(page.locator(".bss-board .bss-play:visible")).to_have_count(
        4 - 1
    )  # the residual's comes with its picture
