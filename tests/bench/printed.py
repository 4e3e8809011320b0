"""Every command of docs/results/commands.md that draws mixtures, run with a few mixtures and files elsewhere.

    DATA=folder python -m tests.bench.printed [--mixtures 5] [--every N --from K]

DATA is the folder of recordings and pictures, `data` by default. Commands run in the repository's folder, one
after the other, each in a process of its own, and write to a new folder,
which is said. Most of the time goes to the paper's schedule and Deep Audio Prior. Ends with 1 if one of them failed.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results" / "commands.md"
DRAWING = ("audio", "images")


def commands() -> list[list[str]]:
    """The words after `python -m bssdemo bench` of the page's commands that draw mixtures."""
    prefix = "python -m bssdemo bench "
    found = [
        shlex.split(line.removeprefix(prefix))
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith(prefix)
    ]
    return [words for words in found if words[0] in DRAWING]


def shortened(words: list[str], mixtures: int, folder: Path) -> list[str]:
    """The command with so many mixtures, and its results in `folder` under the page's name for them."""
    at = words.index("--json") + 1
    file = folder / Path(words[at]).relative_to("docs/results/data")
    return [*words[:at], str(file), *words[at + 1 :], "--mixtures", str(mixtures)]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mixtures", type=int, default=5)
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="only one in N commands, so that N processes"
    )
    parser.add_argument(
        "--from", type=int, default=0, metavar="K", dest="first", help="share them: K is 0 to N - 1"
    )
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="printed-"))
    print(f"results in {folder}", flush=True)
    data = os.environ.get("DATA", "data")
    failed = 0
    for words in commands()[args.first :: args.every]:
        short = shortened(words, args.mixtures, folder)
        began = time.perf_counter()
        ran = subprocess.run(
            [sys.executable, "-m", "bssdemo", "bench", *(data if word == "$DATA" else word for word in short)],
            cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        failed += ran.returncode != 0
        print(f"{ran.returncode} {time.perf_counter() - began:5.0f} s  {shlex.join(words)}", flush=True)
        if ran.returncode:
            print(ran.stderr[-2000:], flush=True)
    print(f"{failed} failed", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
