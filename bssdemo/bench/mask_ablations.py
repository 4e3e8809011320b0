"""`python -m bssdemo bench ablations RUN...`: what each term of unmix-and-remix is worth, from finished trainings.

A run is a folder that `train mask SET [--without TERM] [--seed N]` has made; `make ablations` makes all of them. Its
checkpoint is scored on held-out mixtures. Runs that differ only in their seed share a row.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bssdemo.bench import markdown


class AblationError(ValueError):
    """The runs cannot be compared; the message says which and why."""


@dataclass(frozen=True)
class Ablation:
    """One training and how it ended. `share`: of the brightness, to the first output, mean over the mixtures."""

    set: str
    without: tuple[str, ...]
    seed: int
    steps: int
    psnr: float
    ssim: float
    share: float
    decision: float  # mean |2 M - 1|: 0 for grey masks, 1 for decided ones
    collapsed: bool
    n: int


def measure(
    folder: Path, data: Path, split: str, count: int, seed: int, usual: Callable[[str], Mapping[str, float]]
) -> Ablation:
    """The finished run in `folder` on `count` mixtures; `usual`: the weights a set is trained with by default.

    Raises AblationError when it is no run, or not finished.
    """
    from bssdemo.checkpoints import disk
    from bssdemo.data.sets import ALL_SETS, draw
    from bssdemo.unmix import check

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        name, steps, weights = config["name"], config["steps"], config["weights"]
    except (OSError, ValueError, KeyError) as error:
        raise AblationError(f"{folder} is no run of train mask ({error})") from error
    if not (folder / f"state-{steps}").is_dir():
        raise AblationError(f"{folder} has not come to its end, step {steps}: give its command again")
    full = usual(name)
    network, *_ = disk.read(folder / "checkpoint")
    scores, _ = check.held_out(network, draw(data, name, split, count, seed), ALL_SETS[name])  # type: ignore[arg-type]
    return Ablation(
        set=name,
        without=tuple(term for term, weight in weights.items() if weight == 0 < full[term]),
        seed=config["seed"],
        steps=steps,
        psnr=scores["valid_psnr"],
        ssim=scores["valid_ssim"],
        share=scores["energy_share"],
        decision=scores["decision"],
        collapsed=check.collapsed(scores["energy_share"]),
        n=count,
    )


def table(results: Sequence[Ablation]) -> str:
    """Markdown: a row for every set of terms left out; mean over the seeds, the least and most in brackets."""
    rows = [["left out", "seeds", "PSNR (dB)", "SSIM", "share of one source", "collapsed"]]
    for without in sorted({one.without for one in results}, key=lambda terms: (len(terms), terms)):
        runs = [one for one in results if one.without == without]
        cells = [
            ", ".join(without) or "nothing",
            ", ".join(str(one.seed) for one in runs),
            _cell([one.psnr for one in runs], 2),
            _cell([one.ssim for one in runs], 3),
            _cell([one.share for one in runs], 2),
            f"{sum(one.collapsed for one in runs)} of {len(runs)}",
        ]
        rows.append(cells)
    return markdown.table(rows)


def _cell(values: Sequence[float], digits: int) -> str:
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.{digits}f}-{max(values):.{digits}f})"
