"""What the page keeps and lets go: its own files outlive the cleaning, a visitor's do not, an end leaves nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from gradio.route_utils import delete_files_created_by_app

from bssdemo.machine.shares import CROWDED, MOST_WAITING
from bssdemo.separation import Networks
from bssdemo.separation.pictures import sets
from bssdemo.ui import page as whole
from bssdemo.ui import session
from bssdemo.ui.session import KEPT_NO_LONGER, Folder, KeptNoLongerError, Recordings, Turns

ROOT = Path(whole.__file__).parents[2]


def test_what_the_page_shows_outlives_the_cleaning() -> None:
    """The icons of the picture examples went after an hour."""
    blocks = whole.page(Networks(), sets.everything(), Turns())
    shown = set(
        re.findall(
            r'"path": "([^"]+\.(?:png|webp|jpg|wav|flac))"', json.dumps(blocks.get_config_file(), default=str)
        )
    )
    shown = {path for path in shown if not path.startswith("http")}  # Gradio's own examples of values
    assert len(shown) >= 24
    delete_files_created_by_app(blocks, age=-1)  # everything is older than that
    assert [path for path in shown if not Path(path).is_file()] == []


def test_so_many_sessions_are_remembered() -> None:
    options = whole.launch_options(Turns())
    assert options["state_session_capacity"] == whole.MOST_SESSIONS <= 1000


def test_an_upload_that_is_gone_is_told_without_a_place_on_the_server(tmp_path: Path) -> None:
    with pytest.raises(KeptNoLongerError) as error:
        Recordings().heard("a", str(tmp_path / "gone.wav"))
    assert str(error.value) == KEPT_NO_LONGER == "This file was kept for an hour; choose it again."


def test_the_next_start_removes_what_dead_processes_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for name in (f"bssdemo-{ended.pid}-x", f"bssdemo-{os.getppid()}-y", "bssdemo-mine", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "stem.wav").write_bytes(b"RIFF")
    assert [folder.name for folder in session.sweep(tmp_path)] == [f"bssdemo-{ended.pid}-x"]
    assert {folder.name for folder in tmp_path.iterdir()} == {
        f"bssdemo-{os.getppid()}-y",
        "bssdemo-mine",
        "other",
    }


ENDED = """
import signal, sys, time
from pathlib import Path
import app
from bssdemo.ui.session import Folder, settle
signal.signal(signal.SIGTERM, app.stop)
uploads = settle()
folder = Folder()
print(uploads.path, flush=True)
print(folder.path, flush=True)
time.sleep(60)
"""


def test_the_end_that_a_host_asks_for_leaves_no_folder() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ENDED], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    folders = [Path(process.stdout.readline().strip()) for _ in range(2)]
    assert all(folder.is_dir() for folder in folders)
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    assert not any(folder.exists() for folder in folders)


def test_a_folder_says_whose_it_is() -> None:
    assert Folder().path.name.startswith(f"bssdemo-{os.getpid()}-")


def test_a_crowded_machine_refuses_before_anything_is_cleared() -> None:
    """The announcement refuses, which changes a message alone, and the run before goes on."""
    turns = Turns()
    mine = turns.announce("me", "search", address="mine")
    for number in range(MOST_WAITING):
        turns.announce(str(number), "search", address=str(number))
    with pytest.raises(ValueError, match=re.escape(CROWDED)):
        turns.announce("late", "search", address="late")
    with pytest.raises(ValueError, match=re.escape(CROWDED)):
        turns.announce("me", "comparison", address="mine")
    assert not mine.stopped
    again = turns.announce("me", "search", address="mine")  # in place of the one before
    assert mine.dropped
    assert not again.stopped
