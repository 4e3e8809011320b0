"""A user who owns nothing but the temporary folder can still start the page's libraries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bssdemo.machine.caches import needed

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
AS_NOBODY = (  # who may read everything, since this Python may lie in root's own folder, and write nothing
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
)  # fmt: skip

START = """
import os
assert os.getuid() == 65534 and not os.access("/root", os.W_OK)
from bssdemo.machine.caches import use_writable_places
use_writable_places()
import librosa, librosa.core, librosa.onset, librosa.sequence  # numba refuses at once what it could not cache
assert librosa.filters.mel(sr=16000, n_fft=512) is not None
import gradio as gr
from gradio.utils import get_upload_folder
from pathlib import Path
from bssdemo.ui.session import settle
kept = settle()
file = Path(get_upload_folder()) / "a" / "b.txt"
file.parent.mkdir(parents=True)
file.write_text("written")
print("started")
"""


def test_where_everything_can_be_written_nothing_is_changed(tmp_path: Path) -> None:
    told = needed({"HOME": str(tmp_path), "NUMBA_CACHE_DIR": "mine"}, tmp_path)
    assert told == {}


def test_what_is_closed_gets_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    told = needed({"HOME": "/nonexistent", "HF_HOME": "mine"}, tmp_path)
    assert told.keys() == {"NUMBA_CACHE_DIR", "MPLCONFIGDIR"}
    assert all(Path(folder).is_relative_to(tmp_path) for folder in told.values())


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv: it comes with Linux")
def test_an_unprivileged_process_starts(tmp_path: Path) -> None:
    """HOME is closed, the packages are root's, and Gradio's folder is another's."""
    place = Path(tempfile.mkdtemp(prefix="bssdemo-test-"))  # pytest's own folder is root's alone
    try:
        place.chmod(0o777)
        (place / "gradio").mkdir(mode=0o755)
        environment = {
            "PATH": os.environ["PATH"], "TMPDIR": str(place), "HOME": "/nonexistent", "SPACE_ID": "me/bssdemo",
            "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        done = subprocess.run(
            [*AS_NOBODY, sys.executable, "-c", START], env=environment, cwd="/",
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.stdout.strip().endswith("started"), done.stderr[-2000:]
    finally:
        subprocess.run(["rm", "-rf", str(place)], check=False)
