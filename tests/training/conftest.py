"""Pictures of two kinds that a tiny network can tell apart, in the layouts of the real sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mnist.npz with 40 training pictures per kind (0: a row, 5: a column), shoes_bags.npz with 20 and 10."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 80), ("test", 24)):
        images = np.zeros((count, 28, 28), dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 2 * 5
        for image, label in zip(images, labels, strict=True):
            place = random.integers(4, 22)
            image[(slice(None), slice(place, place + 3)) if label else slice(place, place + 3)] = 255
        arrays |= {split: images, f"{split}_label": labels}
    np.savez(folder / "mnist.npz", **arrays)
    shapes = {"shoes_train": 20, "bags_train": 10, "shoes_test": 4, "bags_test": 3}
    colour = {k: random.integers(0, 256, (n, 64, 64, 3), dtype=np.uint8) for k, n in shapes.items()}
    np.savez(folder / "shoes_bags.npz", **colour)
    return folder
