"""The draw of section 4 as laws, on folders of tones named by source."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bssdemo.data.clips import DataError
from bssdemo.data.mixtures import MixtureError, draw

N = 16_384


def test_the_mixture_is_the_plain_sum_of_peak_normalised_clips(tones: Path) -> None:
    mix, refs = draw(tones, ["digit", "piano", "drums"], 7, seed=0)
    assert mix.shape == (7, N)
    assert refs.shape == (7, 3, N)
    assert torch.equal(mix, refs.sum(1))
    torch.testing.assert_close(refs.abs().amax(-1), torch.ones(7, 3))


def test_every_stem_is_a_test_clip_of_its_source(tones: Path) -> None:
    _, refs = draw(tones, ["digit", "piano"], 20, seed=1)
    loudest = torch.fft.rfft(refs).abs().argmax(-1) * 16_000 / N
    assert ((loudest[:, 0] > 190) & (loudest[:, 0] < 450)).all()  # the fixture's digit tones
    assert (loudest[:, 1] > 950).all()  # and its piano tones
    assert len(loudest[:, 0].unique()) == 2  # two of 24 files are test; 20 draws hit both


def test_the_seed_decides_and_a_longer_draw_begins_like_a_shorter_one(tones: Path) -> None:
    five, twenty = (draw(tones, ["digit", "piano"], count, seed=3)[1] for count in (5, 20))
    assert torch.equal(five, twenty[:5])
    assert not torch.equal(twenty, draw(tones, ["digit", "piano"], 20, seed=4)[1])


def test_a_source_gets_the_same_clips_whatever_it_is_mixed_with(tones: Path) -> None:
    _, pair = draw(tones, ["piano", "digit"], 9, seed=0)
    _, trio = draw(tones, ["digit", "drums", "piano"], 9, seed=0)
    assert torch.equal(pair.flip(1), trio[:, [0, 2]])


def test_two_stems_of_one_kind_never_hold_the_same_clip(tones: Path) -> None:
    _, refs = draw(tones, ["digit", "digit"], 30, seed=0)
    assert not any(torch.equal(first, second) for first, second in refs)


def test_gains_scale_every_source_within_their_range_and_change_no_clip(tones: Path) -> None:
    sources = ["digit", "piano"]
    _, plain = draw(tones, sources, 40, seed=0)
    mix, refs = draw(tones, sources, 40, seed=0, gain_range=12.0)
    assert torch.equal(mix, refs.sum(1))
    decibels = 20 * torch.log10(refs.abs().amax(-1))
    torch.testing.assert_close(refs, plain * 10 ** (decibels / 20)[..., None])
    assert decibels.abs().max() <= 12.001
    assert decibels.min() < -9
    assert decibels.max() > 9
    assert torch.equal(draw(tones, sources, 5, seed=0, gain_range=12.0)[1], refs[:5])
    assert not torch.equal(draw(tones, sources, 5, seed=1, gain_range=12.0)[1], refs[:5])


@pytest.mark.parametrize(
    ("sources", "count", "words"),
    [
        (["digit", "violin"], 3, "no recordings of 'violin'"),
        (["digit"] * 3, 3, "fewer than the 3 stems"),
        (["digit"], 0, "at least 1"),
    ],
)
def test_refusals_say_what_is_missing(tones: Path, sources: list[str], count: int, words: str) -> None:
    with pytest.raises(MixtureError, match=words) as caught:
        draw(tones, sources, count, seed=0)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MixtureError, match="no such data folder"):
        draw(tmp_path / "nowhere", ["digit"], 1, seed=0)
    (tmp_path / "digit").mkdir()
    with pytest.raises(DataError):
        draw(tmp_path, ["digit"], 1, seed=0)


def test_the_shared_layout_is_read_by_its_test_rows(tmp_path: Path) -> None:
    """Row k of the table is samples [16384 k, 16384 (k + 1)) of the stream."""
    levels = np.array([1000, 2000, 3000, 4000], dtype=np.int16)
    audio = np.repeat(levels, N)
    audio[::2] = 0  # tells the clips apart after normalisation: the peak is at odd samples only
    audio[3 * N] = 4000
    soundfile.write(tmp_path / "digits.flac", audio, 16_000, subtype="PCM_16")
    rows = ["clip,split,label,source,seconds,origin,licence,path"]
    rows += [f"{k},{'test' if k == 3 else 'train'},0,speaker{k},1.0,o,CC0,p" for k in range(4)]
    (tmp_path / "digits.csv").write_text("\n".join(rows) + "\n")
    _, refs = draw(tmp_path, ["digit"], 6, seed=0)
    assert (refs[:, 0, 0] == 1).all()  # clip 3 alone begins with a sample that is not zero
