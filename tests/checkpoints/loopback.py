"""A Hub on this machine, for the real huggingface_hub client."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bssdemo.checkpoints import download

NAMES = ("digit", "drums", "piano")
OWNER = "somebody"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class LoopbackHub(ThreadingHTTPServer):
    """The part of the Hub that a download uses: one commit, tagged with the pinned revision."""

    daemon_threads = True

    def __init__(self, checkpoints: Path) -> None:
        self.checkpoints = checkpoints
        self.drip: tuple[int, float] | None = None  # bytes at once, and seconds between them
        self.asked: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    server: LoopbackHub

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, with_body: bool) -> None:
        self.server.asked.append((self.command, self.path))
        match self.path.strip("/").split("/"):
            case [""]:
                status, headers, body = 200, {}, b""
            case [owner, repo, "resolve", revision, file] if owner == OWNER and repo[8:] in NAMES:
                name = repo.removeprefix("bssdemo-")
                known = revision in (download.REVISIONS[name], COMMIT)
                status, headers, body = 404, {"X-Error-Code": "RevisionNotFound"}, b""
                if known:
                    body = (self.server.checkpoints / name / file).read_bytes()
                    etag = hashlib.sha256(body).hexdigest()
                    status, headers = 200, {"X-Repo-Commit": COMMIT, "ETag": f'"{etag}"'}
            case _:
                status, headers, body = 404, {"X-Error-Code": "RepoNotFound"}, b""
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if with_body and self.server.drip is None:
            self.wfile.write(body)
        elif with_body and self.server.drip is not None:
            size, pause = self.server.drip
            with suppress(OSError):  # whoever waited is gone
                for at in range(0, len(body), size):
                    self.wfile.write(body[at : at + size])
                    self.wfile.flush()
                    time.sleep(pause)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
