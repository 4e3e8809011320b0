"""What a browser is sent first: compressed, with our card, and without a player that nothing here needs."""

from __future__ import annotations

import io
import re
from pathlib import Path

import brotli
import gradio
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from bssdemo.ui.landing import NO_STREAMS, STREAMS, Landing
from bssdemo.ui.share.card import SIZE, TITLE
from bssdemo.ui.share.duplicate import duplicate_link

FRONTEND = Path(gradio.__file__).parent / "templates" / "frontend"


@pytest.fixture
def landing() -> Landing:
    """The middleware before Gradio's own page, as it is before it is filled."""
    page = (FRONTEND / "index.html").read_text(encoding="utf-8")
    routes = [
        Route("/", lambda _: HTMLResponse(page)),
        Route("/other", lambda _: PlainTextResponse("other")),
        Mount("/assets", StaticFiles(directory=FRONTEND / "assets")),
    ]
    return Landing(Starlette(routes=routes))


@pytest.fixture
def browser(landing: Landing) -> TestClient:
    return TestClient(landing, base_url="http://demo.test")


def test_the_head_tells_of_this_page_and_not_of_gradio(browser: TestClient) -> None:
    page = browser.get("/").text
    titles = re.findall(r'<meta (?:property|name)="(?:og|twitter):title" content="([^"]*)">', page)
    assert titles == [TITLE, TITLE]
    assert "teamGradio" not in page
    (address,) = re.findall(r'<meta property="og:image" content="([^"]*)">', page)
    assert address == "http://demo.test/share-card.png"
    with Image.open(io.BytesIO(browser.get(address).content)) as card:
        assert card.size == SIZE


def test_a_proxy_tells_how_the_page_is_reached(browser: TestClient) -> None:
    page = browser.get("/", headers={"x-forwarded-proto": "https", "x-forwarded-host": "x.example"}).text
    assert 'content="https://x.example/share-card.png"' in page
    forged = browser.get("/", headers={"x-forwarded-host": '"><script>'}).text
    assert "<script>/share" not in forged


def test_the_page_is_compressed_for_whom_takes_it(browser: TestClient) -> None:
    plain = browser.get("/", headers={"accept-encoding": "identity"})
    with browser.stream("GET", "/", headers={"accept-encoding": "gzip, br"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "br"
    assert brotli.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2


def test_a_script_is_packed_smaller_than_gradio_packs_it_and_best_the_next_time(
    browser: TestClient, landing: Landing
) -> None:
    script = max((FRONTEND / "assets").glob("index-*.js"), key=lambda one: one.stat().st_size)
    plain, sizes = script.read_bytes(), []
    for _ in range(2):
        with browser.stream("GET", f"/assets/{script.name}", headers={"accept-encoding": "br"}) as packed:
            raw = b"".join(packed.iter_raw())
        assert brotli.decompress(raw) == plain
        assert packed.headers["content-length"] == str(len(raw))
        sizes.append(len(raw))
        landing.packer.pool.submit(lambda: None).result()  # until it has been pressed
    assert len(brotli.compress(plain, quality=4)) > sizes[0] > sizes[1]
    again = browser.get(f"/assets/{script.name}", headers={"if-none-match": packed.headers["etag"]})
    assert again.status_code == 304
    assert browser.get("/assets/nothing.js").status_code == 404


def test_everything_else_passes(browser: TestClient) -> None:
    assert browser.get("/other").text == "other"
    assert browser.get("/nothing").status_code == 404


def test_the_streams_player_left_out_has_what_is_imported_of_it(browser: TestClient) -> None:
    """Named as in the Gradio that is installed; whatever it exports, ours does."""
    (real,) = (FRONTEND / "assets").glob("hls-*.js")
    assert STREAMS.fullmatch(f"/assets/{real.name}")
    assert browser.get(f"/assets/{real.name}").text == NO_STREAMS

    def exported(script: str) -> set[str]:
        return set(re.findall(r"\w+ as (\w+)", script[script.rindex("export") :]))

    assert exported(real.read_text(encoding="utf-8")) == exported(NO_STREAMS)


def test_only_a_space_is_duplicated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert duplicate_link() == ""
    monkeypatch.setenv("SPACE_ID", "somebody/demo")
    assert 'href="https://huggingface.co/spaces/somebody/demo?duplicate=true"' in duplicate_link()
