"""Setting a field as a person does, who sees what it holds before going on."""

from __future__ import annotations

from playwright.sync_api import Page

SETTLED = 300  # milliseconds for which the field must hold the number
TRIES = 20


def set_steps(page: Page, steps: int) -> None:
    """Open the settings and write the number of steps, again where a field that was just drawn has lost it.

    The slider beside the number follows what Gradio holds and will send.
    """
    page.get_by_role("button", name="Steps, learning rate").click()
    number = page.get_by_label("number input for Steps")
    slider = page.get_by_label("range slider for Steps")
    for _ in range(TRIES):
        number.fill(str(steps))
        number.press("Enter")
        page.wait_for_timeout(SETTLED)
        if number.input_value() == slider.input_value() == str(steps):
            return
    raise AssertionError(f"the field does not keep {steps}: {number.input_value()}, {slider.input_value()}")
