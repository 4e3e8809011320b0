"""The mixer: one transport for every sound of a separation, in a real browser."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.server import EXAMPLE

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds
# every gain that the page's Web Audio makes, and every media element that plays
LISTENS = """
window.heard = {gains: [], media: []};
const made = BaseAudioContext.prototype.createGain;
BaseAudioContext.prototype.createGain = function () {
  const gain = made.call(this);
  window.heard.gains.push(gain);
  return gain;
};
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  window.heard.media.push(this);
  return play.call(this);
};
"""


@pytest.fixture(autouse=True)
def _patient() -> None:
    expect.set_options(timeout=PATIENCE)


def mixer(page: Page) -> Locator:
    return page.locator("#stage-mixer .mix")


def opened(page: Page, address: str, query: str = "") -> Locator:
    page.add_init_script(LISTENS)
    page.goto(address + query)
    page.get_by_role("button", name=EXAMPLE, exact=True).click()
    expect(page.locator("#message")).to_contain_text("A recorded run of this example.")
    expect(mixer(page).locator(".mix-lane")).to_have_count(4)
    return mixer(page)


def press(mixer: Locator, name: str) -> None:
    mixer.get_by_role("button", name=name, exact=True).click()


def gains(page: Page) -> list[float]:
    """How loud the mixture, both stems, the residual and both true sources are now."""
    page.wait_for_timeout(100)  # a gain follows within hundredths of a second
    return [round(gain, 2) for gain in page.evaluate("heard.gains.slice(-6).map(one => one.gain.value)")]


def looping(page: Page, mixer: Locator) -> None:
    press(mixer, "Loop")  # one second would be over before we have listened
    press(mixer, "Play")
    expect(mixer.get_by_role("button", name="Pause", exact=True)).to_be_visible()


def test_stems_mixture_and_truth_share_one_transport(page: Page, address: str) -> None:
    ours = opened(page, address)
    looping(page, ours)
    assert gains(page) == [0, 1, 1, 1, 0, 0]
    press(ours, "Solo piano")
    assert gains(page) == [0, 0, 1, 0, 0, 0]
    press(ours, "Truth")
    assert gains(page) == [0, 0, 0, 0, 0, 1]
    press(ours, "Mixture")
    assert gains(page) == [1, 0, 0, 0, 0, 0]
    press(ours, "Stems")
    press(ours, "Solo piano")
    press(ours, "Mute spoken digits")
    ours.get_by_label("Volume of piano").fill("0.5")
    assert gains(page) == [0, 0, 0.5, 1, 0, 0]
    assert (
        page.evaluate("heard.gains.length") == 6
    )  # nothing was started anew: no switch interrupts the sound


def test_the_cursor_crosses_mixer_and_board_and_a_drag_loops_what_it_covers(page: Page, address: str) -> None:
    ours = opened(page, address)
    expect(page.locator(".bss-board")).to_have_attribute("data-stems", "refined")  # the replay has ended
    box = ours.locator(".mix-stem .mix-area").first.bounding_box()
    assert box is not None
    row = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + box["width"] / 2, row)
    expect(ours.locator("[data-part=time]")).to_have_text("0:00.5 / 0:01.0")
    for root in (ours, page.locator(".bss-board")):
        assert float(root.evaluate("node => node.style.getPropertyValue('--at')")) == pytest.approx(
            0.5, abs=0.02
        )
    expect(page.locator(".bss-board .bss-playhead:visible")).to_have_count(4)
    page.mouse.move(box["x"] + box["width"] * 0.25, row)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, row, steps=4)
    page.mouse.up()
    expect(ours.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    press(ours, "Play")
    page.wait_for_timeout(1500)  # longer than the rest of the recording
    places = []
    for _ in range(6):
        places.append(float(ours.evaluate("node => node.style.getPropertyValue('--at')")))
        page.wait_for_timeout(60)
    assert all(0.23 < place < 0.52 for place in places)
    assert any(after != before for before, after in pairwise(places))


def test_nothing_sounds_twice_at_once(page: Page, address: str) -> None:
    ours = opened(page, address)
    looping(page, ours)
    page.locator("#mixture").get_by_role("button", name="Play", exact=True).click()
    expect(ours.get_by_role("button", name="Play", exact=True)).to_be_visible()  # the mixer has stopped
    page.wait_for_function("heard.media.some(one => !one.paused)")
    press(ours, "Play")
    expect(ours.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.wait_for_function("heard.media.every(one => one.paused)")


def test_keys_do_what_the_buttons_do(page: Page, address: str) -> None:
    ours = opened(page, address)
    ours.focus()
    page.keyboard.press("l")
    page.keyboard.press("Space")
    expect(ours.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.keyboard.press("2")
    assert gains(page) == [0, 0, 1, 0, 0, 0]
    page.keyboard.press("m")
    assert gains(page) == [1, 0, 0, 0, 0, 0]
    page.keyboard.press("0")
    assert gains(page) == [0, 1, 1, 1, 0, 0]
    page.keyboard.press("Space")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(ours.locator("[data-part=time]")).to_have_text("0:00.0 / 0:01.0")
    assert float(ours.evaluate("node => node.style.getPropertyValue('--at')")) == pytest.approx(
        0.05, abs=0.01
    )


def test_waveforms_are_on_one_scale_and_files_carry_the_recordings_name(page: Page, address: str) -> None:
    ours = opened(page, address)
    names = ours.locator("a[download]").evaluate_all("all => all.map(one => one.download)")
    assert names == [f"digit-piano-{part}.wav" for part in ("mixture", "digit", "piano", "residual")]
    tall = ours.locator("canvas").evaluate_all(
        """all => all.map(one => {
            const {data, width, height} = one.getContext("2d").getImageData(0, 0, one.width, one.height);
            let most = 0;
            for (let x = 0; x < width; x++) {
                let count = 0;
                for (let y = 0; y < height; y++) count += data[4 * (y * width + x) + 3] > 0;
                most = Math.max(most, count);
            }
            return most / height;
        })"""
    )
    assert tall[0] > 0.9  # the mixture is the loudest
    assert tall[3] < 0.2  # what is left over is not drawn as if it were as loud
    with page.expect_download() as downloading:
        ours.get_by_label("Download piano").click()
    assert downloading.value.suggested_filename == "digit-piano-piano.wav"


def test_a_phone_has_the_whole_mixer_under_its_thumb(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    ours = opened(page, address)
    ours.scroll_into_view_if_needed()
    press(ours, "Solo piano")
    expect(ours.get_by_role("button", name="Solo piano")).to_have_attribute("aria-pressed", "true")
    for width in (390, 768):
        page.set_viewport_size({"width": width, "height": 844})
        smallest = ours.locator("button:visible, a:visible").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect()).map(box => Math.min(box.width, box.height))"
        )
        assert min(smallest) >= 24  # WCAG 2.5.8
        right = ours.locator("*").evaluate_all(
            "all => Math.max(...all.map(one => one.getBoundingClientRect().right))"
        )
        assert right <= width
    assert re.fullmatch(r"\d:\d\d\.\d / 0:01\.0", ours.locator("[data-part=time]").inner_text())
