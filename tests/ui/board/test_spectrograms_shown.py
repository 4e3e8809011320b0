from __future__ import annotations

import numpy as np
import pytest
import torch

from bssdemo.audio import SAMPLE_RATE, mel
from bssdemo.audio.format import SAMPLES
from bssdemo.ui.board import spectrogram
from bssdemo.ui.board.frame import LEVELS


def tone(hertz: float, amplitude: float = 0.5) -> torch.Tensor:
    return amplitude * torch.sin(2 * torch.pi * hertz * torch.arange(SAMPLES) / SAMPLE_RATE)


def test_a_picture_has_its_size_and_levels() -> None:
    levels = spectrogram.levels(torch.stack([tone(500), tone(2000)]), mel.reference(tone(500)))
    assert levels.shape == (2, mel.ROWS, mel.COLUMNS)
    assert levels.max() == LEVELS - 1


@pytest.mark.parametrize(("label", "at"), mel.kilohertz_ticks()[:-1])
def test_a_tone_lies_where_the_axis_says(label: str, at: float) -> None:
    brightest = mel.decibels(tone(1000 * float(label))).mean(1).argmax()
    assert (int(brightest) + 0.5) / mel.ROWS == pytest.approx(at, abs=1.5 / mel.ROWS)


@pytest.mark.parametrize("decibels", [10.0, 30.0, 50.0])
def test_a_quiet_source_looks_quiet_on_the_common_scale(decibels: float) -> None:
    loud = tone(1000)
    reference = mel.reference(loud)
    quiet = spectrogram.levels(loud * 10 ** (-decibels / 20), reference)
    expected = (LEVELS - 1) * (1 - decibels / mel.RANGE_DECIBELS)
    assert quiet.max() == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("seconds", [0.06, 0.5, 5.0, 61.7])
def test_a_column_shows_its_part_of_the_recording_whatever_its_length(seconds: float) -> None:
    samples = int(seconds * SAMPLE_RATE)
    sound = torch.zeros(samples)
    middle = slice(int(0.6 * samples), int(0.8 * samples))
    sound[middle] = torch.sin(2 * torch.pi * 1000 * torch.arange(middle.stop - middle.start) / SAMPLE_RATE)
    shown = mel.decibels(sound)
    assert shown.shape == (mel.ROWS, mel.COLUMNS)
    loudest = shown.amax(0)
    assert int(loudest.argmax()) / mel.COLUMNS == pytest.approx(0.7, abs=0.13)
    if seconds >= 0.5:
        heard = (loudest > loudest.max() - 20).nonzero().flatten() / mel.COLUMNS
        assert (float(heard[0]), float(heard[-1])) == pytest.approx((0.6, 0.8), abs=0.05)


def test_a_quiet_recording_looks_as_a_loud_one() -> None:
    loud = 0.5 * torch.randn(SAMPLES, generator=torch.Generator().manual_seed(3))
    quiet = 1e-4 * loud
    assert np.array_equal(
        spectrogram.levels(loud, mel.reference(loud)),
        spectrogram.levels(quiet, mel.reference(quiet)),
    )


def test_silence_is_the_darkest_level() -> None:
    assert not np.any(spectrogram.levels(torch.zeros(SAMPLES), mel.reference(tone(1000))))
