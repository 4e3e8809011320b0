"""The other end of the board's wire, as frame.js reads it: a frame back from the string that it is sent as."""

from __future__ import annotations

import json

import numpy as np

from bssdemo.ui.board.frame import ALPHABET, FINE_LEVELS, LEVELS, Frame

CODES = np.zeros(256, np.uint8)
CODES[np.frombuffer(ALPHABET, np.uint8)] = np.arange(LEVELS)


def between(fine: np.ndarray, ends: list[float], log: bool) -> np.ndarray:
    """Values from 0 to 1 as those of a curve between these ends, on a linear or a logarithmic axis."""
    low, high = ends
    return low * (high / low) ** fine if log else low + fine * (high - low)


def decode(text: str) -> Frame:
    """The frame; curves to within one 4096th of their range."""
    line, body = text.split("\n", 1)
    head = json.loads(line)
    codes = CODES[np.frombuffer(body.encode("ascii"), np.uint8)]
    sources, points = len(head["names"]), len(head["at"])
    pictures = 2 + sources + head["residual"] if sources else 1
    cells = pictures * head["rows"] * head["columns"]
    pairs = codes[cells:].reshape(-1, 2).astype(np.int64)
    fine = (pairs[:, 0] * LEVELS + pairs[:, 1]) / (FINE_LEVELS - 1)
    terms = len(head["ranges"])
    shares = fine[: terms * sources * points].reshape(terms, sources, points)
    logs = head.get("logs", [False] * (terms + 1))
    curves = [between(*one) for one in zip(shares, head["ranges"], logs[:-1], strict=True)]
    total = between(fine[terms * sources * points :], head["totalRange"], logs[-1])
    return Frame(
        status=head["status"],
        recorded=head["recorded"],
        step=head["step"],
        steps=head["steps"],
        seconds=head["seconds"],
        duration=head["duration"],
        names=tuple(head["names"]),
        weights=tuple(head["weights"]),
        spectrograms=codes[:cells].reshape(pictures, head["rows"], head["columns"]),
        curve_steps=np.asarray(head["at"], np.int64),
        curves=np.stack(curves, 1) if terms else np.zeros((sources, 0, points)),
        total=total,
        marks=tuple(head["marks"]),
        stems=head["stems"],
        residual=head["residual"],
    )
