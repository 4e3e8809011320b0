"""What a visitor's browser is sent first, made light: an ASGI middleware, given to `launch` with the page.

The page, its scripts and its styles are packed smaller than Gradio packs scripts and styles alone, and the page
carries our share card. The player of streams that Gradio's audio component brings along, a sixth of the page's
weight, is left out: nothing here is a stream.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bssdemo.ui.packed import Packer
from bssdemo.ui.share.card import PATH, card_picture, with_card

PACKED = re.compile(r"/|/theme\.css|/(?:assets|static/js)/[^/]+\.(?:js|css)")
STREAMS = re.compile(r"/assets/hls-[\w-]+\.js")
NO_STREAMS = (
    "const none = { isSupported: () => false, Events: {} };\nexport { none as n, none as r, none as t };\n"
)
WEEK = {"cache-control": "public, max-age=604800"}


class Landing:
    """The middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.packer = Packer()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the card and the streams' player, pack the page and its parts, pass on everything else."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
        elif path == PATH:
            picture = await run_in_threadpool(card_picture)
            await Response(picture, media_type="image/png", headers=WEEK)(scope, receive, send)
        elif STREAMS.fullmatch(path):
            await Response(NO_STREAMS, media_type="text/javascript", headers=WEEK)(scope, receive, send)
        elif scope["method"] == "GET" and PACKED.fullmatch(path):
            await self._packed(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _packed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A text, whole: the head of the page is written anew, then it is packed for whom takes it so."""
        takes = "br" in Headers(scope=scope).get("accept-encoding", "")
        plain = [one for one in scope["headers"] if not takes or one[0] != b"accept-encoding"]
        begun: list[Message] = []
        body = bytearray()

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            start = begun[0]
            headers = Headers(raw=start["headers"])
            sent = bytes(body)
            if start["status"] == 200 and "content-encoding" not in headers:
                if headers.get("content-type", "").startswith("text/html"):
                    sent = await run_in_threadpool(with_card, sent, _origin(scope))
                if takes:
                    sent = await run_in_threadpool(self.packer, sent)
                start = {**start, "headers": _described(start["headers"], len(sent), takes)}
            await send(start)
            await send({"type": "http.response.body", "body": sent})

        await self.app({**scope, "headers": plain}, receive, held)


def _origin(scope: MutableMapping[str, Any]) -> str:
    """Scheme and host by which the visitor, or the proxy in front, asks."""
    headers = Headers(scope=scope)
    scheme = headers.get("x-forwarded-proto", scope.get("scheme", "http")).split(",")[0].strip()
    host = headers.get("x-forwarded-host", headers.get("host", "localhost")).split(",")[0].strip()
    known = re.fullmatch(r"[\w.:\[\]-]+", host) and scheme in ("http", "https")
    return f"{scheme}://{host}" if known else ""


def _described(headers: list[tuple[bytes, bytes]], length: int, packed: bool) -> list[tuple[bytes, bytes]]:
    kept = [one for one in headers if one[0].lower() not in (b"content-length", b"content-encoding", b"vary")]
    kept += [(b"content-length", str(length).encode()), (b"vary", b"Accept-Encoding")]
    return [*kept, (b"content-encoding", b"br")] if packed else kept
