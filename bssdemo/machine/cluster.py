"""Tasks on a Dask cluster (dask.distributed, requirements-dask.txt): on this machine, or wherever a scheduler says.

Only tasks and answers pass through the scheduler: both are small, recordings and stems stay on the disks that the
workers share. A task of a worker that is lost goes to another one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from bssdemo.machine.tasks import TRIES, Answer, Place, Task
from bssdemo.machine.threads import cores

SECONDS_TO_CONNECT = 20
LOCAL = "local"  # instead of an address: this machine


@contextmanager
def asked_for(address: str | None) -> Iterator[Place | None]:
    """The cluster that a command was given: an address, LOCAL, or none. Raises ValueError as `dask` does."""
    if address is None:
        yield None
        return
    with dask(None if address == LOCAL else address, cores()) as place:
        yield place


@contextmanager
def dask(address: str | None, workers: int) -> Iterator[Place]:
    """The cluster at `address`; None: one of so many workers, a thread each, on this machine, as long as the block.

    Raises ValueError with a sentence where dask is not installed, or no scheduler answers.
    """
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ValueError("--dask needs dask: pip install -r requirements-dask.txt") from error
    with ExitStack() as stack:
        if address is None:
            local = distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1",
                silence_logs=logging.CRITICAL,
            )  # fmt: skip
            client = distributed.Client(stack.enter_context(local))
        else:
            try:
                client = distributed.Client(address, timeout=SECONDS_TO_CONNECT)
            except (OSError, ValueError) as error:
                raise ValueError(f"no Dask scheduler answers at {address}: {error}") from error
        stack.enter_context(client)

        def place(
            do: Callable[[Task], Answer], tasks: Sequence[Task]
        ) -> Iterator[tuple[Task, Answer | None]]:
            futures = {client.submit(do, task, pure=False, retries=TRIES - 1): task for task in tasks}
            for future in distributed.as_completed(futures):
                try:
                    yield futures[future], future.result()
                except distributed.KilledWorker:
                    yield futures[future], None

        yield place
