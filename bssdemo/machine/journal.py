"""The log of a server or a command: one JSON object a line, and no text of a person in it.

What happens is told in words of this program alone. A visitor is a short hash, a failure its type and the places it
passed through: never its message, which may hold the name of somebody's file.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import traceback
from datetime import UTC, datetime
from pathlib import Path

log = logging.getLogger("bssdemo.journal")

PACKAGE = Path(__file__).resolve().parents[1]
HASH_DIGITS = 8  # of a visitor: enough to follow one through a day, not enough to find them


def record(
    what: str, visitor: str | None = None, seconds: float | None = None, **facts: str | int | float
) -> None:
    """One line: when, who, what, how long, and further facts in this program's own words."""
    line: dict[str, object] = {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
    line |= {} if visitor is None else {"visitor": short(visitor)}
    line |= {"what": what} | ({} if seconds is None else {"seconds": round(seconds, 3)}) | facts
    log.info("%s", json.dumps(line))


def fault(error: BaseException, what: str, visitor: str | None = None) -> str:
    """Log an unexpected failure; the reference under which it stands there."""
    reference = secrets.token_hex(3)
    places = " < ".join(reversed([_place(frame) for frame in traceback.extract_tb(error.__traceback__)][-8:]))
    kind = type(error).__name__
    line: dict[str, object] = {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
    line |= {} if visitor is None else {"visitor": short(visitor)}
    line |= {"what": what, "fault": reference, "error": kind, "at": places}
    log.error("%s", json.dumps(line))
    return reference


def short(visitor: str) -> str:
    """A visitor's session as the log shows it."""
    return hashlib.sha256(visitor.encode()).hexdigest()[:HASH_DIGITS]


def _place(frame: traceback.FrameSummary) -> str:
    file = Path(frame.filename)
    inside = file.is_relative_to(PACKAGE)
    return f"{file.relative_to(PACKAGE) if inside else file.name}:{frame.lineno} {frame.name}"
