"""A Hub on this machine, and a fresh process that asks it: huggingface_hub reads its settings when imported."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from bssdemo.checkpoints import download, hub
from tests.checkpoints.loopback import OWNER, LoopbackHub


@pytest.fixture
def checkpoints(tiny_checkpoints: Path, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoints that a test may damage."""
    return copytree(tiny_checkpoints, tmp_path / "mine")


@pytest.fixture
def loopback(checkpoints: Path) -> Iterator[LoopbackHub]:
    with LoopbackHub(checkpoints) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def refusing() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


VISITOR = """
import json, sys, time
import huggingface_hub.file_download  # about a second on a busy machine, not a matter of the network
from pathlib import Path
from bssdemo.checkpoints import download, hub
hub.BUNDLED = Path(sys.argv[1])
download.HUB_SECONDS = float(sys.argv[2])
began, priors = time.perf_counter(), []
try:
    for name in sys.argv[3:]:
        prior = hub.load(name)
        weight = prior.generator.dense.weight.double().sum().item()
        told = {"origin": prior.origin, "where": prior.where, "note": prior.note, "weight": weight}
        priors.append(told | {"encoder": prior.encoder and prior.encoder.width})
    print(json.dumps({"seconds": time.perf_counter() - began, "priors": priors}))
except hub.CheckpointError as error:
    print(json.dumps({"error": str(error)}))
"""


@pytest.fixture
def visit(tiny_checkpoints: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Load priors in a fresh process that shares only the cache folder with the others of this test."""

    def run(
        endpoint: str, *names: str, owner: str = OWNER, limit: float = 60.0, **variables: str
    ) -> dict[str, Any]:
        environment = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
        environment |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "hf"), "OMP_NUM_THREADS": "1"}
        environment |= {download.OWNER_VARIABLE: owner, **variables}
        command = [sys.executable, "-c", VISITOR, str(tiny_checkpoints), str(limit), *names]
        root = Path(hub.__file__).parents[2]
        done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return {**answer, "log": done.stderr}

    return run
