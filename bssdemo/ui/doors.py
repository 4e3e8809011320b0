"""What stands between the network and Gradio: who fetches is watched, a way in that we do not use is closed.

An ASGI middleware, given to `launch` with the page. `GET /health` answers a monitor.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import resource
import sys
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.formparsers import MultiPartException

from bssdemo import __version__
from bssdemo.ui import disk
from bssdemo.ui.address import address_of
from bssdemo.ui.session import Turns, folders

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

UPLOADS_SECONDS, UPLOADS_BYTES, UPLOADS_FILES = 600.0, 200e6, 100.0  # of one address, in so many seconds
ASKED_SECONDS, ASKED = 10.0, 100.0  # events of one address, in so many seconds
MOST_ADDRESSES = 2048  # remembered
CALLS_BYTES = 20e6  # of MCP calls: Gradio keeps the files within them as long as it runs
MCP = "/gradio_api/mcp/"  # its server asks Gradio in its clients' place
LARGEST_REQUEST = 1_000_000  # bytes of any other request: values of components, no files
MOST_FILES = 10  # in one upload
TIDY_SECONDS = 20.0  # between two looks at the disk
TOO_MANY_FILES = f"At most {MOST_FILES} files can be uploaded at once."
BROKEN_OFF = "The upload broke off."


class Tally:
    """How much each address has had of something lately."""

    def __init__(self, seconds: float, most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.most, self.clock = seconds, most, clock
        self._since: OrderedDict[str, tuple[float, float]] = OrderedDict()  # address -> begun, amount

    def __len__(self) -> int:
        return len(self._since)

    def takes(self, address: str, amount: float) -> bool:
        """Count it; whether it is within what an address may have."""
        now = self.clock()
        begun, so_far = self._since.pop(address, (now, 0.0))
        begun, so_far = (now, 0.0) if now - begun > self.seconds else (begun, so_far)
        allowed = so_far + amount <= self.most
        self._since[address] = (begun, so_far + amount if allowed else so_far)
        while len(self._since) > MOST_ADDRESSES:
            self._since.popitem(last=False)
        return allowed


class Doors:
    """The middleware; `turns` is the page's."""

    def __init__(self, app: App, turns: Turns) -> None:
        self.app, self.turns = app, turns
        self.uploaded = Tally(UPLOADS_SECONDS, UPLOADS_BYTES)
        self.uploads = Tally(UPLOADS_SECONDS, UPLOADS_FILES)
        self.called = Tally(UPLOADS_SECONDS, CALLS_BYTES)
        self.asked = Tally(ASKED_SECONDS, ASKED)
        self.kept = disk.Uploads()
        self._tidied = -TIDY_SECONDS
        self._streams = itertools.count()
        self._began = time.monotonic()
        turns.audience.serve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse, watch or pass on one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].rstrip("/")
        if f"{path}/".startswith(MCP):
            scope = _from_itself(scope)
        if path == "/health":
            await _answer(send, 200, self._health())
        elif path.endswith("/component_server"):
            await _answer(send, 404, {"detail": "This page does not use it."})
        elif (refusal := self._refused(scope, path)) is not None:
            await _answer(send, *refusal)
        elif (visitor := self._fetching(scope, path)) is not None:
            await self._watched(visitor, scope, receive, send)
        elif scope["method"] == "POST" and path.endswith("/upload"):
            await self._uploaded(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _refused(self, scope: Scope, path: str) -> tuple[int, dict[str, Any]] | None:
        """Status and answer of a request that is too much."""
        if scope["method"] != "POST":
            return None
        headers = dict(scope["headers"])
        address, told = address_of(scope), headers.get(b"content-length", b"")
        if path.endswith("/upload"):
            if not told.isdigit():
                return 411, {"detail": "An upload must say how long it is."}
            if not self.uploaded.takes(address, float(told)) or not self.uploads.takes(address, 1.0):
                return 429, {"detail": "Too many uploads from one address; try again in a few minutes."}
        elif f"{path}/".startswith(MCP) and not told.isdigit():
            return 411, {"detail": "A call must say how long it is."}
        elif told.isdigit() and int(told) > LARGEST_REQUEST and not path.endswith("/queue/join"):
            return 413, {"detail": "This request is too large."}
        elif f"{path}/".startswith(MCP) and not self.called.takes(address, float(told)):
            return 429, {"detail": "Too many calls from one address; give files by their web address."}
        elif ("/queue/join" in path or "/call/" in path) and not self.asked.takes(address, 1.0):
            return 429, {"detail": "Too many requests from one address; wait a few seconds."}
        return None

    def _fetching(self, scope: Scope, path: str) -> str | None:
        """The visitor whose updates this request streams."""
        if scope["method"] != "GET":
            return None
        if path.endswith("/queue/data"):
            return next(iter(parse_qs(scope["query_string"].decode()).get("session_hash", [])), None)
        if "/call/" in path:
            event = scope["app"].get_blocks()._queue.event_ids_to_events.get(path.rpartition("/")[2])
            return None if event is None else event.session_hash
        return None

    async def _watched(self, visitor: str, scope: Scope, receive: Receive, send: Send) -> None:
        audience, stream = self.turns.audience, next(self._streams)

        async def told(message: MutableMapping[str, Any]) -> None:
            audience.sending(visitor, stream, under_way=True)
            try:
                await send(message)
            finally:
                audience.sending(visitor, stream, under_way=False)

        audience.opened(visitor)
        try:
            await self.app(scope, receive, told)
        finally:
            audience.closed(visitor, stream)

    async def _uploaded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an upload on and keep account of its files."""
        answer = bytearray()

        async def told(message: MutableMapping[str, Any]) -> None:
            answer.extend(message.get("body", b""))
            await send(message)

        await self.app(scope, _checked(receive, _boundary(scope)), told)
        disk.remove(self.kept.brought(address_of(scope), _sizes(bytes(answer))))
        if time.monotonic() - self._tidied > TIDY_SECONDS:
            self._tidied = time.monotonic()
            shown = scope["app"].get_blocks().blocks.values()
            keep = {file for block in shown for file in getattr(block, "keep_in_cache", ())}
            await asyncio.to_thread(disk.tidy, folders(), keep)

    def _health(self) -> dict[str, Any]:
        """Memory, queue and versions, for a monitor."""
        return {
            "status": "ok",
            "seconds": round(time.monotonic() - self._began),
            **_memory(),
            "runs": len(self.turns.machine),
            "waiting": self.turns.machine.waiting,
            "visitors": len(self.turns.audience),
            "versions": {"bssdemo": __version__}
            | {name: version(name) for name in ("gradio", "torch", "numpy")},
        }


def _from_itself(scope: Scope) -> Scope:
    """The request with its address in the header that Gradio's MCP server hands on, whatever the client wrote there."""
    kept = [header for header in scope["headers"] if header[0] != b"x-forwarded-for"]
    return {**scope, "headers": [*kept, (b"x-forwarded-for", address_of(scope).encode())]}


def _memory() -> dict[str, int]:
    """Megabytes of this process, now (where the system tells) and at most so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    told = {"peak_memory_mb": round(peak)}
    pages = Path("/proc/self/statm")
    if pages.is_file():
        told["memory_mb"] = round(int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6)
    return told


def _boundary(scope: Scope) -> bytes | None:
    """What stands between the files of an upload; None for a request that Gradio will refuse."""
    told = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    mark = told.partition(b"boundary=")[2].partition(b";")[0].strip(b' "')
    return b"--" + mark if mark else None


def _checked(receive: Receive, boundary: bytes | None) -> Receive:
    """An upload's body, with not too many files. It fails as Gradio's own parser does, which then clears its files."""
    found, rest, whole = 0, b"", False

    async def checked() -> MutableMapping[str, Any]:
        nonlocal found, rest, whole
        message = await receive()
        if message["type"] == "http.disconnect" and not whole:
            raise MultiPartException(BROKEN_OFF)
        if boundary is not None and message["type"] == "http.request":
            whole = not message.get("more_body", False)
            seen = rest + message.get("body", b"")
            found += seen.count(boundary)
            rest = seen[-(len(boundary) - 1) :]
            if found > MOST_FILES + 1:  # one more ends the last file
                raise MultiPartException(TOO_MANY_FILES)
        return message

    return checked


def _sizes(answer: bytes) -> dict[Path, int]:
    """The files that an upload's answer tells of, in bytes."""
    try:
        told = json.loads(answer)
    except ValueError:
        return {}
    files = [Path(file) for file in told if isinstance(file, str)] if isinstance(told, list) else []
    return {file: file.stat().st_size for file in files if file.is_file()}


async def _answer(send: Send, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
