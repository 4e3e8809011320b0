"""What starts up does not wait for what only some runs need."""

import subprocess
import sys

import pytest

LATE = {"librosa", "numba", "sklearn"}
DRAWS = {"librosa", "numba"}  # the page's first cards have spectrograms

STARTS = {
    "audio": "import bssdemo.audio",
    "help": """
from bssdemo.commands import main
try:
    main.main(["--help"])
except SystemExit:
    pass
""",
    "page": """
from bssdemo.separation import networks
from bssdemo.separation.pictures import sets
from bssdemo.ui.page import page
from bssdemo.ui.session import Turns
page(networks.everything(), sets.everything(), Turns(), 0.02)
""",
}


@pytest.mark.parametrize("start", STARTS)
def test_libraries_of_some_runs_are_not_imported_at_the_start(start: str) -> None:
    late = LATE - DRAWS if start == "page" else LATE
    program = f"{STARTS[start]}\nimport sys\nprint(sorted({late!r} & set(sys.modules)), file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.strip().splitlines()[-1] == "[]"
