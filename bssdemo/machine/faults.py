"""What a person is told when something fails: our own sentence, or that this app has a fault, and where it is logged.

An error is ours when it is a ValueError that a `raise` of this package raised: its message is a sentence for the
person who asked. One that numpy or torch raises while we call them is a fault, whatever its type.
"""

from __future__ import annotations

import dis
import traceback
from pathlib import Path
from types import TracebackType

from bssdemo.machine import journal

PACKAGE = str(Path(__file__).resolve().parents[1])
RAISE = dis.opmap["RAISE_VARARGS"]


def sentence(error: BaseException) -> str | None:
    """What to do about it, in one line, when somebody other than this app can; None for a fault."""
    if isinstance(error, MemoryError):
        return "This machine has not enough memory for that; try a shorter or smaller one."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split()) if is_ours(error) else None


def is_ours(error: BaseException) -> bool:
    """Whether a `raise` statement of this package raised it for a person to read."""
    place = _innermost(error.__traceback__)
    if not isinstance(error, ValueError) or place is None:
        return isinstance(error, ValueError) and type(error).__module__.startswith("bssdemo.")
    code = place.tb_frame.f_code
    return code.co_filename.startswith(PACKAGE) and code.co_code[place.tb_lasti] == RAISE


def told(error: BaseException, what: str, visitor: str | None = None) -> str:
    """The sentence for the person who asked; a fault is logged under the reference that it gives.

    `what` was being done, in this program's own words: "a search".
    """
    ours = sentence(error)
    if ours is not None:
        return ours
    reference = journal.fault(error, what, visitor)
    return f"{what[0].upper()}{what[1:]} broke off because of a fault in this app; its log says more under {reference}."


def details(error: BaseException) -> str:
    """The traceback, for somebody at their own machine."""
    return "".join(traceback.format_exception(error))


def _innermost(place: TracebackType | None) -> TracebackType | None:
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place
