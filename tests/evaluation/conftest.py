"""A data folder of synthetic recordings: short wavs in one folder per source."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

SAMPLES = 16_384
LOWEST = {"digit": 200.0, "drums": 500.0, "piano": 1000.0}  # Hz; file k of a source is 10 k higher


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 decaying tones per source at different levels; every twelfth file is of the test split."""
    folder = tmp_path_factory.mktemp("tones")
    time = np.arange(SAMPLES) / 16_000
    for name, lowest in LOWEST.items():
        (folder / name).mkdir()
        for k in range(24):
            tone = (
                (0.1 + 0.03 * k) * np.sin(2 * np.pi * (lowest + 10 * k) * time) * np.exp(-time * (1 + k % 5))
            )
            soundfile.write(folder / name / f"{k:02d}.wav", tone, 16_000)
    return folder
