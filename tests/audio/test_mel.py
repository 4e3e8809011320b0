"""The mel scale is librosa's."""

import librosa
import pytest

from bssdemo.audio.mel import mel


@pytest.mark.parametrize("hertz", [0.0, 40.0, 999.0, 1000.0, 1001.0, 4000.0, 8000.0])
def test_mel_is_librosas(hertz: float) -> None:
    assert mel(hertz) == pytest.approx(float(librosa.hz_to_mel(hertz)))
