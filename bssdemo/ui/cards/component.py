"""The example cards: a picture, the mixture and what comes out of it to hear in place, and one press that opens it.

The picture is made here, from the example's own sounds: the mixture's spectrogram in grey, and over it, on the right,
every source in a colour of its own.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import gradio as gr
import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from bssdemo.audio import mel
from bssdemo.ui.audio.examples import Example
from bssdemo.ui.board.frame import LEVELS
from bssdemo.ui.board.spectrogram import levels
from bssdemo.ui.texts import asset

HERE = "bssdemo.ui.cards"
INKS = ((255, 196, 77), (86, 204, 242), (134, 226, 148))  # one a source; as --card-ink-k in cards.css
GROUND = (16, 24, 38)
PICTURE = (360, 120)  # pixels


def card(example: Example, labels: Sequence[str]) -> gr.HTML:
    """The picture and the sounds of an example; `labels` are its sources' as the page calls them."""
    outcome = example.outcome(labels)
    sounds = [("Mixed", example.mixture)]
    if outcome:
        sounds += list(zip(labels, outcome.stems["refined"], strict=True))
    files = [gr.FileData(path=str(file)).model_dump() for _, file in sounds]
    buttons = "".join(
        f'<button type="button" class="card-play card-ink-{at}" data-sound="{at}" '
        f'aria-label="Play {escape(said)}: {escape(example.title)}">{escape(said)}</button>'
        for at, said in enumerate(name.capitalize() for name, _ in sounds)
    )
    template = (
        asset(HERE, "card.html").replace("PICTURE", data_uri(picture(example))).replace("SOUNDS", buttons)
    )
    return gr.HTML(
        value={"files": files},
        html_template=template,
        js_on_load=asset(HERE, "card.js"),
        apply_default_css=False,
        elem_classes="card-top",
    )


def picture(example: Example) -> UInt8[np.ndarray, "height width 3"]:
    """The mixture in grey, which from the middle on comes apart into its sources' colours."""
    outcome = example.outcome(example.sources)
    stems = outcome.refined if outcome else example.heard.mono[None]
    reference = mel.reference(example.heard.mono)
    return painted(
        torch.from_numpy(levels(example.heard.mono[None], reference)[0] / (LEVELS - 1)),
        torch.from_numpy(levels(stems, reference) / (LEVELS - 1)),
    )


def painted(
    mixture: Float[Tensor, "bins frames"], stems: Float[Tensor, "K bins frames"]
) -> UInt8[np.ndarray, "height width 3"]:
    """Levels 0..1 as a picture, high frequencies at the top."""
    ground = torch.tensor(GROUND, dtype=torch.float64)
    inks = torch.tensor(INKS, dtype=torch.float64)[: len(stems)]
    grey = ground + mixture.double()[..., None].pow(1.5) * (235 - ground)
    power = stems.double().pow(1.5)
    share = power / power.sum(0).clamp_min(1e-9)
    ink = torch.einsum("kbf,kc->bfc", share, inks)
    coloured = ground + power.amax(0)[..., None] * (ink - ground)
    apart = torch.linspace(-4, 6, mixture.shape[1], dtype=torch.float64).sigmoid()[None, :, None]
    mixed = (1 - apart) * grey + apart * coloured
    return mixed.flip(0).clamp(0, 255).round().to(torch.uint8).numpy()


def data_uri(pixels: UInt8[np.ndarray, "height width 3"]) -> str:
    """A WebP of PICTURE's size for the src of an image."""
    return webp(Image.fromarray(pixels), PICTURE)


def webp(image: Image.Image, size: tuple[int, int]) -> str:
    """A picture of `size` in pixels for the src of an image."""
    stream = io.BytesIO()
    image.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(stream, "webp", quality=60)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
