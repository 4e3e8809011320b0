"""`python -m bssdemo bench images`: PSNR and SSIM on mixtures of held-out pictures (Hoshen 2018, Tables 1 and 2).

| method | what |
|---|---|
| unmix | the mask network `mask-SET`, trained on mixtures alone |
| supervised | its twin `mask-SET-supervised`, trained with true sources: the upper bound |
| glo | two generators and their latents, fitted to these very mixtures |
| rpca | low-rank and sparse part of each picture |

Heavy modules are imported inside `run`, so that the command line can ask for the arguments at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bssdemo.bench import markdown

if TYPE_CHECKING:
    pass

METHODS = ("unmix", "supervised", "glo", "rpca")
# Tables 1 and 2: PSNR in dB and SSIM by set and method.
PAPER: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "mnist": {"unmix": (20.4, 0.90), "supervised": (24.4, 0.96), "glo": (13.0, 0.74), "rpca": (11.5, 0.36)},
    "shoes-bags": {
        "unmix": (19.0, 0.73), "supervised": (22.9, 0.86), "glo": (12.0, 0.51), "rpca": (7.9, 0.18),
    },
}  # fmt: skip


class ImageBenchError(ValueError):
    """The benchmark cannot run as asked; the message says what to change."""


@dataclass(frozen=True)
class ImageRecord:
    """One cell: the mean over both sources of `n` mixtures."""

    set: str
    method: str
    metric: str
    mean: float
    n: int


def table(records: list[ImageRecord], chosen: str) -> str:
    """Markdown: one row per method, PSNR and SSIM, the paper's beside ours."""
    means = {(record.method, record.metric): record.mean for record in records}
    rows = [["method", "PSNR (dB)", "SSIM", "paper"]]
    for method in dict.fromkeys(record.method for record in records):
        theirs = PAPER.get(chosen, {}).get(method)
        cell = f"{theirs[0]:.1f} / {theirs[1]:.2f}" if theirs else "-"
        rows.append([method, f"{means[method, 'psnr']:.2f}", f"{means[method, 'ssim']:.3f}", cell])
    return markdown.table(rows)
