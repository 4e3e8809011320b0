"""Does bf16 pay on this processor? Asked by running one convolution of the generator both ways."""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F


def _seconds(dtype: torch.dtype) -> float:
    x, weight = torch.randn(8, 256, 64, dtype=dtype), torch.randn(512, 256, 7, dtype=dtype)
    F.conv1d(x, weight, padding=3)  # first call builds the kernel
    began = time.perf_counter()
    for _ in range(3):
        F.conv1d(x, weight, padding=3)
    return time.perf_counter() - began


def bf16_pays() -> bool:
    """True where bf16 convolutions take at most two thirds of float32's time (or on a GPU that has bf16)."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return _seconds(torch.bfloat16) < _seconds(torch.float32) / 1.5
