"""`python -m bssdemo.ui.record`: run every example with the default settings and store what the board shows."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from bssdemo.offline import RAW, RESIDUAL
from bssdemo.ui import examples, job
from bssdemo.ui.frame import Kind, decode, encode
from bssdemo.ui.live import thinned
from bssdemo.ui.result import Loss, Result, write_sounds
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf, stock, warm_up


def record(example: examples.Example, shelf: Shelf) -> list[Path]:
    """Search one example and write examples/<slug>/recorded/; returns the files written."""
    folder = example.folder / examples.RECORDED
    (folder / RAW).mkdir(parents=True, exist_ok=True)
    ordered = job.order(example.mixture, example.sources, shelf)
    frames = []
    for snapshot, frame in job.run(ordered, shelf, Session(), pace=thinned):
        if frame is not None:
            frames.append((snapshot.elapsed, encode(replace(decode(frame), recorded=True))))
    weights = ordered.config.objective.weights
    result = Result.of(ordered, snapshot, [Loss.of(snapshot)], weights, stopped=False)
    places: dict[Kind, Path] = {"refined": folder, "raw": folder / RAW}
    with tempfile.TemporaryDirectory() as home:
        kept = write_sounds(result, frames[-1][1], Path(home))
        written = [folder / RESIDUAL]
        shutil.copy(kept.residual, written[-1])
        for kind, place in places.items():
            for name, sound in zip(example.sources, kept.stems[kind], strict=True):
                written.append(place / f"{name}.wav")
                shutil.copy(sound, written[-1])
    frames[-1] = (frames[-1][0], kept.frames["raw"])
    return [examples.store(folder, frames, kept.frames["refined"]), *written]


def main() -> None:
    """Record every example on the priors that `hub.load` finds."""
    shelf = warm_up(stock())
    for example in examples.find():
        for path in record(example, shelf):
            print(f"{path.relative_to(examples.FOLDER)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
