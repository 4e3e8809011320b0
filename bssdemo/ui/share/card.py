"""What a link to the page looks like elsewhere: its title, one sentence, and a picture that is served from here."""

from __future__ import annotations

import io
import re
from functools import cache
from html import escape

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bssdemo.ui.audio.examples import find
from bssdemo.ui.cards.component import GROUND, picture
from bssdemo.ui.cards.row import on_cards

TITLE = "A mixture comes apart"
SENTENCE = (
    "Speech over piano? Drums over a song? Watch an algorithm pull them apart, and hear each one alone."
)
PATH = "/share-card.png"
SIZE = (1200, 630)  # pixels, as the services that show links ask for
ALT = "The spectrogram of a mixture in grey, which comes apart into its sources in colour"
_THEIRS = re.compile(rb'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')  # Gradio's own, of Gradio


def with_card(page: bytes, origin: str) -> bytes:
    """The page's HTML with our card in its head in place of Gradio's; `origin` is how the page is reached."""
    picture = f"{origin}{PATH}"
    told = {
        "og:type": "website", "og:url": f"{origin}/", "og:title": TITLE, "og:description": SENTENCE,
        "og:image": picture, "og:image:width": str(SIZE[0]), "og:image:height": str(SIZE[1]), "og:image:alt": ALT,
        "twitter:card": "summary_large_image", "twitter:title": TITLE, "twitter:description": SENTENCE,
        "twitter:image": picture,
    }  # fmt: skip
    tags = "".join(
        f'<meta {"name" if name.startswith("twitter") else "property"}="{name}" content="{escape(value)}">'
        for name, value in told.items()
    )
    tags += f'<meta name="description" content="{escape(SENTENCE)}">'
    return _THEIRS.sub(b"", page).replace(b"</head>", tags.encode() + b"</head>", 1)


@cache
def card_picture() -> bytes:
    """A PNG of SIZE, made once: the first example's picture under the title."""
    card = Image.new("RGB", SIZE, GROUND)
    for example in on_cards(find())[:1]:
        apart = Image.fromarray(np.asarray(picture(example))).resize((1200, 400), Image.Resampling.BICUBIC)
        card.paste(apart, (0, 230))
    draw = ImageDraw.Draw(card)
    draw.text((60, 48), TITLE, (255, 255, 255), ImageFont.load_default(72))
    first, second = SENTENCE.split("? Watch", 1)
    draw.text((60, 140), f"{first}?", (203, 213, 225), ImageFont.load_default(30))
    draw.text((60, 180), f"Watch{second}", (203, 213, 225), ImageFont.load_default(30))
    stream = io.BytesIO()
    card.quantize(128).save(stream, "png", optimize=True)
    return stream.getvalue()
