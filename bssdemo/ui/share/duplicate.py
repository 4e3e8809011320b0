"""On a Space, the link that copies it; elsewhere nothing."""

from __future__ import annotations

import os
from html import escape


def duplicate_link() -> str:
    """HTML for the heading; `SPACE_ID` is set by the Hub: "owner/name"."""
    space = os.environ.get("SPACE_ID")
    if not space:
        return ""
    address = f"https://huggingface.co/spaces/{escape(space)}?duplicate=true"
    return f'<p><a href="{address}" target="_blank" rel="noopener">Duplicate this Space</a></p>'
