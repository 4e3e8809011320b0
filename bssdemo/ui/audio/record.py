"""`python -m bssdemo.ui.audio.record`: run every example with the default settings and store what the board shows."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from bssdemo.separation import Networks, Request, Run, files, networks, prepare
from bssdemo.separation.request import SHARED
from bssdemo.ui.audio import examples
from bssdemo.ui.board.components import value_of
from bssdemo.ui.board.frame import Frame
from bssdemo.ui.board.painter import every_fourth, painter, watched


def record(example: examples.Example, loaded: Networks) -> list[Path]:
    """Search one example and write examples/<slug>/recorded/; returns the files written."""
    run = Run(prepare(example.heard, Request(example.sources), loaded, SHARED))
    drawing = painter(run)
    frames: list[tuple[float, Frame]] = []
    for snapshot, frame in watched(run, drawing, every_fourth):
        if frame is not None:
            frames.append((snapshot.elapsed, replace(frame, recorded=True)))
    result = run.result()
    last = drawing.last(frames[-1][1], result)
    frames[-1] = (frames[-1][0], last["raw"])
    folder = example.folder / examples.RECORDED
    (folder / files.RAW).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        found = files.write_sounds(result, Path(home))
        written = [
            Path(shutil.copy(file, folder / file.relative_to(home)))
            for file in (found.residual, *found.stems, *found.raw)
        ]
    told = [(seconds, value_of(frame)) for seconds, frame in frames]
    return [examples.store(folder, told, value_of(last["refined"])), *written]


def main() -> None:
    """Record every example on the priors that `hub.load` finds."""
    loaded = networks.everything()
    for example in examples.find():
        for path in record(example, loaded):
            print(f"{path.relative_to(examples.FOLDER)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
