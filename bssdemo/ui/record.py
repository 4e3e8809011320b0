"""`python -m bssdemo.ui.record`: run every example with the default settings and store what the board shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bssdemo import audio
from bssdemo.ui import examples, job
from bssdemo.ui.frame import decode, encode
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf, stock, warm_up


def record(example: examples.Example, shelf: Shelf) -> list[Path]:
    """Search one example and write examples/<slug>/recorded/; returns the files written."""
    folder = example.folder / examples.RECORDED
    folder.mkdir(exist_ok=True)
    ordered = job.order(example.mixture, example.sources, shelf)
    frames = []
    for snapshot, frame in job.run(ordered, shelf, Session()):
        if frame is not None:
            frames.append((snapshot.elapsed, encode(replace(decode(frame), recorded=True))))
    written = [examples.store(folder, frames)]
    stems = snapshot.estimates / ordered.gain
    scale = audio.common_scale(ordered.window.audio, stems)
    for name, stem in zip(example.sources, stems, strict=True):
        written.append(folder / f"{name}.wav")
        audio.write_wav(written[-1], stem, scale=scale)
    return written


def main() -> None:
    """Record every example on the priors that `hub.load` finds."""
    shelf = stock()
    warm_up(shelf)
    for example in examples.find():
        for path in record(example, shelf):
            print(f"{path.relative_to(examples.FOLDER)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
