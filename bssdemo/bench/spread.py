"""The benchmark's batches as tasks for several processes: each draws its mixtures itself, and sends scores alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from bssdemo.bench.methods import Row, Separate, Separator, Setting, rows, sharing_of
from bssdemo.bench.records import Record
from bssdemo.bench.runner import score, to_records
from bssdemo.data.kinds import PEOPLE
from bssdemo.data.mixtures import draw
from bssdemo.machine import precision
from bssdemo.machine.tasks import Place
from bssdemo.machine.threads import use_own_cores


@dataclass(frozen=True)
class Batch:
    """Mixtures `first` to `last` of a draw, for rows of one separator."""

    setting: Setting
    data: Path
    names: tuple[str, ...]
    first: int
    last: int
    precision: str


def drawn(
    data: Path, setting: Setting, mixtures: int
) -> tuple[Float[Tensor, "M samples"], Float[Tensor, "M K samples"]]:
    """The mixtures of a setting. Raises what `draw` raises."""
    people = PEOPLE if setting.people else None
    return draw(data, setting.sources, mixtures, setting.seed, setting.split, setting.gain_range, people)


def solve(batch: Batch) -> list[Record]:
    """The batch's scores; networks are loaded once a process."""
    precision.agree(batch.precision)
    use_own_cores()
    known = rows()
    members: dict[str, Row] = {name: known[name] for name in batch.names}
    separate = _prepared(next(iter(members.values())).separator, batch.setting)
    mix, refs = drawn(batch.data, batch.setting, batch.last)
    sources, size = batch.setting.sources, batch.last - batch.first
    share = sharing_of(batch.setting)
    (scored,) = score(separate, members, mix, refs, sources, size, first=batch.first, share=share)
    return [record for one in scored for record in to_records(one, sources)]


@lru_cache(maxsize=4)
def _prepared(separator: Separator, setting: Setting) -> Separate:
    return separator.prepared(setting)


def in_order(
    place: Place, setting: Setting, data: Path, names: Sequence[str], first: int, mixtures: int, size: int
) -> Iterator[tuple[int, list[Record]]]:
    """(mixtures of a batch, its records), `size` mixtures a batch, in the order of the mixtures.

    Raises RuntimeError where a batch's process died again and again.
    """
    computed = precision.name(precision.for_search())
    batches = [
        Batch(setting, data.absolute(), tuple(names), begin, min(begin + size, mixtures), computed)
        for begin in range(first, mixtures, size)
    ]
    waiting: dict[int, tuple[int, list[Record]]] = {}
    for batch, records in place(solve, batches):
        if records is None:
            raise RuntimeError(f"mixtures {batch.first} to {batch.last}: the process died several times")
        waiting[batch.first] = (batch.last - batch.first, records)
        while first in waiting:
            count, told = waiting.pop(first)
            yield count, told
            first += count
