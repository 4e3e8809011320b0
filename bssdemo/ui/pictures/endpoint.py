"""The public endpoint `unmix`, for gradio_client and the page's API view."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from bssdemo import image
from bssdemo.ui.pictures import answer as solve
from bssdemo.ui.pictures import case as cases
from bssdemo.ui.pictures.layout import picture_input
from bssdemo.ui.pictures.shelf import PictureShelf
from bssdemo.ui.pictures.tab import AT_ONCE


def endpoint(shelf: PictureShelf) -> None:
    """Register the endpoint in the current Blocks context, on components nobody sees."""

    def unmix(
        picture: str | None, chosen: str, network: str, blend: str
    ) -> tuple[dict[str, Any], np.ndarray, np.ndarray, np.ndarray]:
        """Take a picture of two things laid over each other apart by a mask network.

        The pictures come back at the network's size, 32 x 32 grey or 64 x 64 in colour, on the background that
        the picture had.

        Args:
            picture: the mixture, a PNG, JPEG, WebP, GIF, BMP or TIFF file.
            chosen: the set: "mnist", "fashion" or "shoes-bags".
            network: "unmix", trained on mixtures alone, or "supervised", trained with true sources.
            blend: "average" of the two pictures, or their "sum" cut off at full brightness.

        Returns:
            told: the names of both sources, whether the background was bright, and the milliseconds it took.
            first: the first source.
            second: the second source.
            mask: white where a value belongs to the first source.
        """
        try:
            case = cases.from_file(cases.pick(shelf, chosen), picture, blend)
            answer = solve.unmix(case, network)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error
        estimate = answer.estimate
        assert estimate.mask is not None
        first, second = (
            image.pixels(1 - source.clamp(0, 1) if case.inverted else source) for source in estimate.sources
        )
        told = {
            "sources": list(estimate.names),
            "bright_background": case.inverted,
            "milliseconds": round(1000 * estimate.seconds, 1),
        }
        return told, first, second, image.pixels(estimate.mask)

    with gr.Row(visible=False):
        inputs = [
            picture_input("picture"),
            gr.Textbox(next(iter(shelf.sets), "mnist"), label="chosen"),
            gr.Textbox("unmix", label="network"),
            gr.Textbox("average", label="blend"),
        ]
        outputs = [
            gr.JSON(label="told"),
            *(gr.Image(label=label, format="png") for label in ("first", "second", "mask")),
        ]
        gr.Button("unmix").click(
            unmix, inputs, outputs, api_name="unmix", concurrency_id="pictures", concurrency_limit=AT_ONCE
        )
