"""How many threads torch works with: the cores this process may use.

In a container, a Space for one, the host's many cores are visible but only a quota of them is ours;
a thread for each would make everything several times slower. joblib reads quota and affinity.
"""

from __future__ import annotations

import os

import joblib
import torch


def use_own_cores() -> int:
    """Set torch's threads to OMP_NUM_THREADS if given, else to the cores of this process; returns their number."""
    count = int(os.environ.get("OMP_NUM_THREADS") or cores())
    torch.set_num_threads(count)
    return count


def cores() -> int:
    """Of this process, however many threads it is to have."""
    return int(joblib.cpu_count())
