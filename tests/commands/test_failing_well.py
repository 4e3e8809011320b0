"""Whatever fails, a command ends with one line and an exit code, and leaves no half of a result."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from bssdemo import audio
from bssdemo.checkpoints import hub
from bssdemo.commands import main
from bssdemo.models import Generator


def test_a_fault_is_one_line_that_names_the_file_with_its_details(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "available", lambda *_: np.zeros(3).reshape(2, 2))
    assert main.main(["sources"]) == 70
    (line,) = capsys.readouterr().err.splitlines()
    found = re.fullmatch(r"python -m bssdemo: a fault in this app \(ValueError\); details: (.*)", line)
    assert found is not None
    details = Path(found[1])
    assert "cannot reshape" in details.read_text(encoding="utf-8")
    details.unlink()


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    """A limit of the file size stands for it: libsndfile answers both with "System error."."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match=r"File too large"):
            audio.write_wav(tmp_path / "long.wav", torch.zeros(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_label_is_text_and_never_a_place_on_the_disk(tmp_path: Path) -> None:
    torch.manual_seed(0)
    hub.save(
        tmp_path / "mine" / "digit", Generator(model_size=4), {"name": "digit", "label": "../../ESCAPED"}
    )
    audio.write_wav(tmp_path / "tone.wav", 0.3 * torch.sin(torch.arange(8000) / 9))
    out = tmp_path / "a" / "b" / "out"
    command = ["separate", str(tmp_path / "tone.wav"), "--sources", "digit", "--steps", "1", "--starts", "1"]
    assert main.main([*command, "--checkpoints", str(tmp_path / "mine"), "--out", str(out)]) == 0
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert not any("ESCAPED" in name for name in written)
    assert {name for name in written if not name.startswith(("a/b/out/", "mine/"))} == {"tone.wav"}


def test_output_that_nobody_reads_is_no_fault() -> None:
    command = f"{sys.executable} -m bssdemo sources | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
