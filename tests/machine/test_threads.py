"""torch gets the cores of this process, and its waiting threads soon sleep."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, bssdemo
from bssdemo.machine.threads import use_own_cores
count = use_own_cores()
import torch
assert torch.get_num_threads() == count
print(count, os.environ.get("GOMP_SPINCOUNT"))
"""


def answer(cores: set[int], **environment: str) -> tuple[int, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_", "LOKY_"))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=clean | environment,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        capture_output=True,
        text=True,
        check=True,
    )
    count, spins = done.stdout.split()
    return int(count), spins


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is Linux's")
def test_threads_follow_the_process_not_the_machine() -> None:
    mine = sorted(os.sched_getaffinity(0))
    assert answer({mine[0]}) == (1, "1000")
    assert answer(set(mine[:2]))[0] == len(mine[:2])
    assert answer({mine[0]}, OMP_NUM_THREADS="3", GOMP_SPINCOUNT="7") == (3, "7")
    assert answer({mine[0]}, OMP_WAIT_POLICY="ACTIVE")[1] == "None"
