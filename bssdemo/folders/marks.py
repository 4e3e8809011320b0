"""The mark of a finished file, written last into its result's folder: what it was made of, and what was made.

A result is finished when the mark is of the same recording, settings and networks, and its files lie there as long
as they were. So a run that is killed goes on where it was, and a changed recording is done again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from bssdemo.machine.files import write_text
from bssdemo.separation.files import ASIDE

MARK = "finished.json"


def finished(folder: Path, recording: Path, key: str) -> float | None:
    """Seconds of audio of the finished result in `folder`, or None where it is to be made. Raises OSError."""
    try:
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
        whole = mark["made_of"] == _made_of(recording, key) and all(
            (folder / name).stat().st_size == size for name, size in mark["files"].items()
        )
        return float(mark["seconds"]) if whole else None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):  # torn, or somebody else's file of this name
        return None


def begin(folder: Path) -> None:
    """Before a result is made: no mark, and nothing that a killed run left aside."""
    (folder / MARK).unlink(missing_ok=True)
    for left in folder.glob(f"{ASIDE}*"):
        shutil.rmtree(left, ignore_errors=True)


def finish(folder: Path, recording: Path, key: str, seconds: float, files: tuple[Path, ...]) -> None:
    """The mark of a result whose `files` are all there."""
    sizes = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
    mark = {"made_of": _made_of(recording, key), "seconds": seconds, "files": sizes}
    write_text(folder / MARK, json.dumps(mark, indent=2) + "\n")


def _made_of(recording: Path, key: str) -> dict[str, Any]:
    stat = recording.stat()
    return {"settings_and_networks": key, "bytes": stat.st_size, "modified_ns": stat.st_mtime_ns}
