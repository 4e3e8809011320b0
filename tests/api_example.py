"""The public API as a user writes it: a type checker accepts this file, and tests/test_api.py runs it."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from bssdemo import (
    Request,
    Run,
    load,
    load_unmixer,
    prepare,
    priors_of,
    read,
    refine,
    separate,
    unmix,
    write,
)


def a_recording(file: Path, out: Path, checkpoints: Path) -> list[Path]:
    sources = ("digit", "piano")
    heard = read(file)
    run = Run(prepare(heard, Request(sources, steps=2), priors_of(sources, checkpoints)))
    losses = [float(snapshot.total) for snapshot in run]
    result = run.result()
    print(len(losses), tuple(result.refined.shape), result.ending)
    return list(write(result, out).stems)


def a_window(mix: torch.Tensor, checkpoints: Path) -> torch.Tensor:
    priors = [load("digit", checkpoints).generator, load("piano", checkpoints).generator]
    *_, answer = separate(mix, priors)
    refined = refine(mix, answer.estimates)
    return torch.cat([refined.stems, refined.residual[None]])


def a_picture(picture: torch.Tensor, masks: Path) -> torch.Tensor:
    return unmix(picture, load_unmixer("mask-mnist", masks).network).sources


if __name__ == "__main__":
    print(*a_recording(*map(Path, sys.argv[1:4])))
