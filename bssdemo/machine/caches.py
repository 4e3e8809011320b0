"""Places to write where the usual ones are closed: a container's user often owns neither HOME nor the packages.

numba refuses to compile what it cannot cache, and librosa asks it to. Gradio's folder: `ui.session.settle`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path


def needed(environment: Mapping[str, str], temporary: Path) -> dict[str, str]:
    """The variables to set, with folders below `temporary`, for what cannot be written where it would be."""
    ours = temporary / f"bssdemo-caches-{os.getuid()}"
    spec = find_spec("librosa")
    packages = Path(spec.origin).parent if spec is not None and spec.origin else None
    home = Path(environment.get("HOME", "~")).expanduser()
    closed = {
        "NUMBA_CACHE_DIR": packages is not None and not os.access(packages, os.W_OK),
        "MPLCONFIGDIR": not _can_write(home / ".config"),
        "HF_HOME": not _can_write(home / ".cache"),
    }
    return {
        name: str(ours / name.lower()) for name, shut in closed.items() if shut and name not in environment
    }


def use_writable_places() -> None:
    """Set them for this process, before numba, matplotlib and Gradio are imported."""
    for name, folder in needed(os.environ, Path(tempfile.gettempdir())).items():
        Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        os.environ[name] = folder


def _can_write(folder: Path) -> bool:
    """Whether files can be made there, or the folder itself."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return os.access(there, os.W_OK | os.X_OK)
