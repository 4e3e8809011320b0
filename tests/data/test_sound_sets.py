"""Sounds to train mask networks on: pictures of true mixtures, and a trainer that sees nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file

from bssdemo.checkpoints import hub
from bssdemo.data.sets import draw
from bssdemo.data.spectrograms import SoundMixtures
from bssdemo.training.mask import Pairs, Sums, train
from bssdemo.training.mask_config import CONFIGS
from bssdemo.unmix.check import snr

TINY = replace(CONFIGS["working"]["digit-drums"], width=2, pairs=4, steps=4)


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 decaying tones of either kind, all at different levels."""
    folder = tmp_path_factory.mktemp("tones")
    time = np.arange(16_384) / 16_000
    for name, lowest in (("digit", 200.0), ("drums", 1500.0)):
        (folder / name).mkdir()
        for k in range(24):
            tone = (0.2 + 0.03 * k) * np.sin(2 * np.pi * (lowest + 20 * k) * time) * np.exp(-3 * time)
            soundfile.write(folder / name / f"{k:02d}.wav", tone, 16_000)
    return folder


def test_a_mixture_is_the_picture_of_a_sum(tones: Path) -> None:
    """Tones far apart overlap nowhere: there the magnitudes add up, and the peaks are those of tones of one level."""
    drawn = draw(tones, "digit-drums", "train", 30, 0)
    mixed, parts = torch.from_numpy(drawn.sums()).float(), drawn.sources()
    assert mixed.shape == (30, 1, 32, 32)
    apart = parts.amin(1) < 0.1
    torch.testing.assert_close(mixed[apart], parts.sum(1)[apart], atol=0.3, rtol=0.01)
    peaks = parts.amax((2, 3, 4))
    assert (peaks.amax(0) < 2 * peaks.amin(0)).all(), "files differ fourfold, peak-normalised clips do not"


def test_the_true_sounds_make_no_difference(tones: Path, tmp_path: Path) -> None:
    """Whatever the sources are said to be, unsupervised training ends with the same weights; its twin does not."""
    true = draw(tones, "digit-drums", "train", 20, 0)
    assert isinstance(true, SoundMixtures)
    wrong = SoundMixtures(true.mixed, np.ascontiguousarray(true.parts[:, ::-1]) * np.float16(0.5))
    valid = draw(tones, "digit-drums", "valid", 8, 0)
    ends = {}
    for name, drawn in (("true", true), ("wrong", wrong)):
        for blind in (True, False):
            config = replace(TINY, supervised=not blind)
            run = tmp_path / f"{name}-{blind}"
            train(config, Sums(drawn.sums()) if blind else Pairs(drawn), valid, run)
            ends[name, blind] = load_file(run / "checkpoint" / "model.safetensors")
    for key, value in ends["true", True].items():
        assert torch.equal(value, ends["wrong", True][key]), key
    assert any(
        not torch.equal(value, ends["wrong", False][key]) for key, value in ends["true", False].items()
    )
    loaded = hub.load_sound_unmixer(("drums", "digit"), tmp_path / "true-True")
    assert set(loaded.sources) == {"digit", "drums"}


def test_the_snr_in_the_log() -> None:
    x = torch.rand(3, 1, 4, 4, generator=torch.Generator().manual_seed(0)) + 0.1
    torch.testing.assert_close(snr(x, 0.9 * x), torch.full((3,), 20.0), atol=1e-3, rtol=0)
    torch.testing.assert_close(snr(x, 0 * x), torch.zeros(3), atol=1e-5, rtol=0)
