"""One recording on disk -> its components by another method: what `separate --method nmf` and its like do.

The same files as `bssdemo.offline` writes for the search, but no prior is loaded. A baseline's components have no
names; those of Unmix-and-remix have.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bssdemo import audio, hub
from bssdemo.baselines.catalogue import BASELINES, Baseline
from bssdemo.offline import about, ends, output, stem_files, versions, write, write_report
from bssdemo.search import refine
from bssdemo.search.native import apply_to_channels
from bssdemo.snapshot import Snapshot
from bssdemo.unmix import method as unmix


@dataclass(frozen=True)
class Choice:
    """A method by the name people give it, what its components are called, and what is to be said of them."""

    key: str
    method: Baseline
    names: Sequence[str]
    note: str


def choose(key: str, sources: Sequence[str], checkpoints: Path | None = None) -> Choice:
    """The method called `key` for these sources; CheckpointError when "unmix" has no network for them."""
    if key == unmix.NAME:
        network = hub.load_sound_unmixer(sources, checkpoints)
        note = (
            f"{unmix.TITLE} knows only recordings like those it was trained on: docs/unmix.md has its scores."
        )
        return Choice(key, unmix.method(network, sources), sources, note)
    baseline = BASELINES[key]
    names = [f"component-{number}" for number in range(1, len(sources) + 1)]
    note = f"{baseline.title} does not know which component is which source: they have no names."
    return Choice(key, baseline, names, note)


def run(
    mixture: Path,
    choice: Choice,
    out: Path,
    seed: int,
    most_seconds: int,
    progress: Callable[[Snapshot], None],
    stop: Callable[[], bool],
) -> dict[str, Any]:
    """Separate into the choice's components, write the results into `out`, and return what report.json holds.

    Writes NAME.wav for each, residual.wav and mixture.wav at the recording's rate and with its channels: the
    method's estimates as soft masks of the mixture, as with the search. Beside them raw/NAME.wav, the
    estimates themselves at 16 kHz mono, and report.json. Raises AudioError, OSError.
    """
    began = time.perf_counter()
    recording = audio.read(mixture, most_seconds)
    mono = audio.to_mono_16k(recording)
    out.mkdir(parents=True, exist_ok=True)
    prepared = time.perf_counter()
    snapshots = choice.method.separate(mono, len(choice.names), seed=seed, stop=stop)
    first = last = next(snapshots)
    progress(first)
    for last in snapshots:
        progress(last)
    separated = time.perf_counter()
    masks = refine.masks(mono, last.estimates)
    parts = apply_to_channels(masks, refine.DEFAULT.stft, recording.samples, recording.sample_rate)
    refined = time.perf_counter()
    files = stem_files(choice.names)
    scale = write(out, files, recording, parts, last.estimates)
    report = {
        "method": choice.key,
        "mixture": about(mixture, recording),
        "sources": [{"name": name, "file": file} for name, file in zip(choice.names, files, strict=True)],
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
        "notes": [note for note in (recording.note, choice.note) if note],
    }
    write_report(out, report)
    return report
