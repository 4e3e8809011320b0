"""What the stems of a separation are called: one way for files, for people, and for the tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import count

MIXTURE, RESIDUAL = "mixture", "residual"  # names that no stem may take
LONGEST = 50  # letters of a file's name without number and suffix: at most 200 bytes
_UNSAFE = re.compile(r"[^\w.-]+")


def numbered(names: Sequence[str], taken: Sequence[str] = (), between: str = "-") -> tuple[str, ...]:
    """Names made unique: those that repeat, or are in `taken`, are numbered from 1, past numbers that are taken.

    ["digit", "piano", "digit"] -> ("digit-1", "piano", "digit-2"). Names that differ only in capitals count as the
    same: some file systems do not tell them apart.
    """
    total = Counter(name.casefold() for name in (*names, *taken))
    used = {*(name for name, times in total.items() if times == 1), *(name.casefold() for name in taken)}
    unique = []
    for name in names:
        if total[name.casefold()] > 1:
            tries = (f"{name}{between}{number}" for number in count(1))
            name = next(one for one in tries if one.casefold() not in used)
            used.add(name.casefold())
        unique.append(name)
    return tuple(unique)


def file_names(names: Sequence[str]) -> tuple[str, ...]:
    """The same as names of files, without suffix; whatever a name holds, its file stays in its folder."""
    safe = [_UNSAFE.sub("-", name)[:LONGEST].strip(".-") or "source" for name in names]
    return numbered(safe, taken=(MIXTURE, RESIDUAL))
