"""The public endpoint `unmix`, for gradio_client and the page's API view."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from bssdemo import image
from bssdemo.machine import faults
from bssdemo.separation.pictures.methods import UNMIX
from bssdemo.separation.pictures.mixtures import from_file
from bssdemo.separation.pictures.request import PictureRequest, prepare
from bssdemo.separation.pictures.run import separate
from bssdemo.separation.pictures.sets import PictureSets
from bssdemo.ui.pictures.events import SOON
from bssdemo.ui.pictures.layout import picture_file
from bssdemo.ui.session import still_kept


def endpoint(pictures: PictureSets) -> None:
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
            still_kept(picture)
            pictures.pick(chosen).network(
                network
            )  # a baseline is refused: it may take a minute, and has no mask
            mixture = from_file(pictures.pick(chosen), picture, blend)
            result = separate(prepare(mixture, PictureRequest(network)))
        except Exception as error:
            raise gr.Error(faults.told(error, "unmixing this picture"), print_exception=False) from error
        assert result.mask is not None
        told = {
            "sources": list(result.names),
            "bright_background": mixture.inverted,
            "milliseconds": round(1000 * result.seconds, 1),
        }
        first, second = mixture.shown(result.sources)
        return told, image.pixels(first), image.pixels(second), image.pixels(result.mask)

    with gr.Row(visible=False):
        inputs = [
            picture_file("picture"),
            gr.Textbox(next(iter(pictures.sets), "mnist"), label="chosen"),
            gr.Textbox(UNMIX, label="network"),
            gr.Textbox("average", label="blend"),
        ]
        outputs = [
            gr.JSON(label="told"),
            *(gr.Image(label=label, format="png") for label in ("first", "second", "mask")),
        ]
        gr.Button("unmix").click(unmix, inputs, outputs, api_name="unmix", **SOON)
