"""The doors of the page: what is closed, what is counted, who fetches, and the monitor's answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from gradio.route_utils import upload_fn
from starlette.formparsers import MultiPartException
from starlette.responses import PlainTextResponse

from bssdemo.ui import audience, disk, doors
from bssdemo.ui.address import address_of
from bssdemo.ui.audience import Audience
from bssdemo.ui.disk import Uploads
from bssdemo.ui.doors import Doors, Tally
from bssdemo.ui.session import Turns


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


EMPTY = SimpleNamespace(get_blocks=lambda: SimpleNamespace(blocks={}))  # a page with nothing on it


async def inside(scope: Any, receive: Any, send: Any) -> None:
    """What stands behind the doors."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b'"inside"'})


def ask(
    doors: Doors, path: str, method: str = "POST", length: int | None = 10, peer: str = "1.2.3.4"
) -> tuple[int, Any]:
    headers = [] if length is None else [(b"content-length", str(length).encode())]
    scope = {
        "type": "http", "path": path, "method": method, "headers": headers, "client": (peer, 1), "query_string": b"",
        "app": EMPTY,
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    asyncio.run(doors(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture
def entrance() -> Doors:
    return Doors(inside, Turns())


@pytest.mark.parametrize("path", ["/gradio_api/component_server", "/gradio_api/component_server/"])
def test_the_component_server_is_closed(entrance: Doors, path: str) -> None:
    assert ask(entrance, path)[0] == 404
    assert ask(entrance, "/gradio_api/queue/join") == (200, "inside")


def test_uploads_have_a_total_for_each_address(entrance: Doors) -> None:
    status = [ask(entrance, "/gradio_api/upload", length=30_000_000)[0] for _ in range(8)]
    assert status == [200] * 6 + [429] * 2
    assert ask(entrance, "/gradio_api/upload", length=30_000_000, peer="5.6.7.8")[0] == 200
    assert ask(entrance, "/gradio_api/upload", length=None, peer="5.6.7.8")[0] == 411


@pytest.fixture
def taking(tmp_path: Path) -> TestClient:
    """Gradio's own reading of uploads behind the doors."""
    behind = FastAPI()
    behind.get_blocks = EMPTY.get_blocks  # type: ignore[attr-defined]

    @behind.post("/upload")
    async def upload(request: Request) -> Any:
        try:
            return (await upload_fn(request, str(tmp_path), 1e9, None))[0]
        except MultiPartException as error:
            return PlainTextResponse(error.message, 400)

    behind.add_middleware(Doors, turns=Turns())
    return TestClient(behind)


def files(count: int, size: int = 100) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (f"{number}.wav", bytes([number % 251]) * size)) for number in range(count)]


def test_one_upload_has_only_so_many_files_and_a_refused_one_leaves_none(
    taking: TestClient, tmp_path: Path
) -> None:
    assert len(taking.post("/upload", files=files(doors.MOST_FILES)).json()) == doors.MOST_FILES
    before = set(tmp_path.rglob("*"))
    refused = taking.post("/upload", files=files(1000))
    assert (refused.status_code, refused.text) == (400, doors.TOO_MANY_FILES)
    assert set(tmp_path.rglob("*")) == before


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> None:
        entrance = Doors(parsing, Turns())
        await entrance(scope, receive, nothing)

    async def parsing(scope: Any, receive: Any, send: Any) -> None:
        with pytest.raises(MultiPartException, match="broke off"):
            await upload_fn(Request(scope, receive), str(tmp_path), 1e9, None)

    async def nothing(*_: Any) -> None:
        return None

    async def receive() -> Any:
        return pieces.pop(0)

    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
    pieces = [
        {"type": "http.request", "body": head + b"RIFF" * 99, "more_body": True},
        {"type": "http.disconnect"},
    ]
    headers = [(b"content-length", b"9999"), (b"content-type", b"multipart/form-data; boundary=x")]
    scope = {
        "type": "http", "path": "/upload", "method": "POST", "client": ("1.2.3.4", 1), "app": EMPTY,
        "query_string": b"", "headers": headers,
    }  # fmt: skip
    asyncio.run(broken())
    assert list(tmp_path.rglob("*")) == []


def test_an_address_keeps_its_newest_files_alone(
    taking: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "Uploads", partial(Uploads, 250.0))
    (old,) = taking.post("/upload", files=files(1)).json()
    new = taking.post("/upload", files=files(3)[1:]).json()
    assert [Path(path).exists() for path in (old, *new)] == [False, True, True]


def test_events_of_one_address_are_limited(entrance: Doors) -> None:
    status = [ask(entrance, "/gradio_api/queue/join")[0] for _ in range(int(doors.ASKED) + 5)]
    assert status.count(429) == 5
    assert ask(entrance, "/gradio_api/queue/join", peer="5.6.7.8")[0] == 200
    assert ask(entrance, "/gradio_api/queue/data", "GET")[0] == 200


def test_calls_of_tools_are_limited_in_bytes_and_tell_where_they_come_from() -> None:
    """Gradio's MCP server asks in its clients' place, and hands this header on."""
    told: list[list[bytes]] = []

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        told.append([value for name, value in scope["headers"] if name == b"x-forwarded-for"])
        await inside(scope, receive, send)

    entrance = Doors(listening, Turns())
    status = [ask(entrance, "/gradio_api/mcp/", length=1_000_000)[0] for _ in range(22)]
    assert status == [200] * 20 + [429] * 2
    assert told[0] == [b"1.2.3.4"]
    assert ask(entrance, "/gradio_api/mcp", length=1_000_001, peer="5.6.7.8")[0] == 413
    assert ask(entrance, "/gradio_api/mcp", length=None, peer="5.6.7.8")[0] == 411


def test_a_tally_forgets_and_is_bounded() -> None:
    clock = Clock()
    tally = Tally(10.0, 1.0, clock)
    assert [tally.takes("a", 1.0), tally.takes("a", 1.0)] == [True, False]
    clock.now = 11
    assert tally.takes("a", 1.0)
    for number in range(doors.MOST_ADDRESSES + 50):
        tally.takes(str(number), 1.0)
    assert len(tally) == doors.MOST_ADDRESSES


def test_a_monitor_reads_memory_queue_and_versions(entrance: Doors) -> None:
    status, told = ask(entrance, "/health", "GET")
    assert (status, told["status"], told["runs"], told["waiting"]) == (200, "ok", 0, 0)
    assert min(told["peak_memory_mb"], told["memory_mb"]) > 10
    assert {"bssdemo", "gradio", "torch"} <= told["versions"].keys()


def test_only_a_proxy_of_ours_may_say_where_a_visitor_comes_from() -> None:
    def told(peer: str, header: bytes) -> str:
        return address_of({"client": (peer, 1), "headers": [(b"x-forwarded-for", header)]})

    assert told("10.0.0.1", b"9.9.9.9, 8.8.8.8") == "8.8.8.8"
    assert told("1.2.3.4", b"9.9.9.9") == "1.2.3.4"
    assert address_of({"client": None, "headers": []}) == ""


# --- who fetches


@pytest.fixture
def crowd() -> tuple[Audience, Clock]:
    clock = Clock()
    crowd = Audience(clock)
    crowd.serve()
    return crowd, clock


def test_without_a_server_nobody_is_absent() -> None:
    clock = Clock()
    crowd = Audience(clock)
    crowd.expect("a")
    clock.now = 1000
    assert not crowd.absent("a")


def test_whoever_never_opens_a_stream_or_closes_it_is_absent_within_ten_seconds(
    crowd: tuple[Audience, Clock],
) -> None:
    seats, clock = crowd
    seats.expect("never")
    seats.opened("closes")
    seats.opened("stays")
    clock.now = 5
    seats.closed("closes", 1)
    assert not seats.absent("never")
    clock.now = 9.9
    assert [seats.absent(one) for one in ("never", "closes", "stays")] == [True, False, False]
    clock.now = 14.9
    assert [seats.absent(one) for one in ("never", "closes", "stays")] == [True, True, False]
    assert audience.PATIENCE < 10


def test_a_client_that_takes_nothing_more_is_absent(crowd: tuple[Audience, Clock]) -> None:
    seats, clock = crowd
    seats.opened("frozen")
    seats.sending("frozen", 1, under_way=True)
    clock.now = 9.9
    assert seats.absent("frozen")
    seats.sending("frozen", 1, under_way=False)
    assert not seats.absent("frozen")


def test_a_run_that_nobody_fetches_is_dropped_and_gives_its_place_back() -> None:
    clock = Clock()
    turns = Turns(audience=Audience(clock))
    turns.audience.serve()
    turns.announce("a", "search")
    with turns.taken("a", "search") as turn:
        assert turn is not None
        assert list(turn.waits()) == []
        assert not turn.ends()
        clock.now = 9.9
        assert turn.ends()
        assert turn.dropped
    assert (len(turns), len(turns.machine)) == (0, 0)


def test_sessions_that_come_and_go_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "MOST_KNOWN", 50)
    turns = Turns()
    for number in range(500):
        visitor = str(number)
        turns.announce(visitor, "search")
        with turns.taken(visitor, "search"):
            pass
        if number % 2:
            turns.leave(visitor)
    assert (len(turns), len(turns.machine)) == (0, 0)
    assert len(turns.audience) <= audience.MOST_KNOWN


def test_a_stream_is_watched_from_its_opening_to_its_end() -> None:
    turns = Turns()
    seen: list[int] = []

    async def streams(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        seen.append(turns.audience._of("me").open)
        await inside(scope, receive, send)

    entrance = Doors(streams, turns)
    scope = {
        "type": "http", "path": "/gradio_api/queue/data", "method": "GET", "headers": [],
        "client": ("1.2.3.4", 1), "query_string": b"session_hash=me",
    }  # fmt: skip

    async def nothing(*_: Any) -> Any:
        return None

    asyncio.run(entrance(scope, nothing, nothing))
    assert seen == [1]
    assert turns.audience._of("me").open == 0
