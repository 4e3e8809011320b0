"""One recording on disk -> its components by a baseline: what `separate --method nmf` and its like do.

The same files as `bssdemo.offline` writes for the search, but the components have no names, and no prior is loaded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bssdemo import audio
from bssdemo.baselines.catalogue import BASELINES
from bssdemo.offline import about, ends, output, stem_files, versions, write, write_report
from bssdemo.search import refine
from bssdemo.search.native import apply_to_channels
from bssdemo.snapshot import Snapshot


def run(
    mixture: Path,
    method: str,
    sources: int,
    out: Path,
    seed: int,
    most_seconds: int,
    progress: Callable[[Snapshot], None],
    stop: Callable[[], bool],
) -> dict[str, Any]:
    """Separate into `sources` components, write the results into `out`, and return what report.json holds.

    Writes component-1.wav ..., residual.wav and mixture.wav at the recording's rate and with its channels: the
    baseline's estimates as soft masks of the mixture, as with the search. Beside them raw/component-1.wav ..., the
    estimates themselves at 16 kHz mono, and report.json. Raises AudioError, OSError.
    """
    began = time.perf_counter()
    recording = audio.read(mixture, most_seconds)
    mono = audio.to_mono_16k(recording)
    out.mkdir(parents=True, exist_ok=True)
    prepared = time.perf_counter()
    snapshots = BASELINES[method].separate(mono, sources, seed=seed, stop=stop)
    first = last = next(snapshots)
    progress(first)
    for last in snapshots:
        progress(last)
    separated = time.perf_counter()
    masks = refine.masks(mono, last.estimates)
    parts = apply_to_channels(masks, refine.DEFAULT.stft, recording.samples, recording.sample_rate)
    refined = time.perf_counter()
    names = [f"component-{number}" for number in range(1, sources + 1)]
    files = stem_files(names)
    scale = write(out, files, recording, parts, last.estimates)
    title = BASELINES[method].title
    notes = [recording.note, f"{title} does not know which component is which source: they have no names."]
    report = {
        "method": method,
        "mixture": about(mixture, recording),
        "sources": [{"name": name, "file": file} for name, file in zip(names, files, strict=True)],
        "output": output(recording, scale),
        "settings": {"seed": seed, "refine": vars(refine.DEFAULT)},
        "terms": {name: ends(first.terms[name], last.terms[name]) for name in last.terms},
        "total": ends(first.total, last.total),
        "steps_done": last.step,
        "stopped": last.step < last.steps,
        "seconds": {
            "prepare": round(prepared - began, 3),
            "separate": round(separated - prepared, 3),
            "refine": round(refined - separated, 3),
        },
        "versions": versions(),
        "notes": [note for note in notes if note],
    }
    write_report(out, report)
    return report
