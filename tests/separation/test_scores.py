"""True sources, known or brought, and what separations score against them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bssdemo import audio
from bssdemo.metrics.audio import si_sdr, sir
from bssdemo.separation import Heard, scores
from bssdemo.separation.scores import SLACK, Stems, Truths, given, score

RATE = audio.SAMPLE_RATE
LABELS = ("spoken digits", "piano")


@pytest.fixture(scope="module")
def refs() -> torch.Tensor:
    """Two sounds of one window: noise that fades out, and noise that fades in."""
    noise = 0.2 * torch.randn(2, 16_384, generator=torch.Generator().manual_seed(0))
    rise = torch.linspace(0.05, 1, 16_384)
    return noise * torch.stack([rise.flip(0), rise])


def heard(refs: torch.Tensor) -> Heard:
    return Heard.of(audio.Recording(refs.sum(0)[None], RATE))


def uploaded(refs: torch.Tensor, folder: Path, rate: int = RATE) -> list[str]:
    files = [folder / f"{at}.wav" for at in range(len(refs))]
    for file, ref in zip(files, refs, strict=True):
        audio.write_wav(file, ref, rate)
    return [str(file) for file in files]


def test_true_sources_are_brought_to_the_mixture(refs: torch.Tensor, tmp_path: Path) -> None:
    about = heard(refs)
    same = given(uploaded(refs, tmp_path), LABELS, about)
    assert same is not None
    assert same.notes == ()
    torch.testing.assert_close(same.refs, refs, atol=1e-4, rtol=0)
    shorter = given(uploaded(refs[:, :-SLACK], tmp_path), LABELS, about)
    assert shorter is not None
    assert shorter.refs.shape == refs.shape
    assert sum("filled up" in note for note in shorter.notes) == 2
    louder = given(uploaded(refs * 0.5, tmp_path), LABELS, about)
    assert louder is not None
    assert "25 % of its energy" in louder.notes[0]  # half the amplitude is missing


def test_true_sources_that_do_not_fit_are_refused_in_words(refs: torch.Tensor, tmp_path: Path) -> None:
    about = heard(refs)
    assert given([None] * 4, LABELS, about) is None
    with pytest.raises(ValueError, match="piano is missing"):
        given([uploaded(refs, tmp_path)[0], None, None, None], LABELS, about)
    with pytest.raises(ValueError, match=r"lasts 2\.05 s, the mixture 1\.02 s"):
        given(uploaded(refs.repeat(1, 2), tmp_path), LABELS, about)
    with pytest.raises(ValueError, match=r"True source of spoken digits.*silent"):
        given(uploaded(refs * 0, tmp_path), LABELS, about)
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(ValueError, match=r"True source of spoken digits.*text\.wav"):
        given([tmp_path / "text.wav"] * 2, LABELS, about)


def test_scores_are_the_benchmarks_metrics_in_the_best_order_where_stems_have_no_names(
    refs: torch.Tensor,
) -> None:
    turned = refs.flip(0) + 0.01 * torch.randn(refs.shape, generator=torch.Generator().manual_seed(1))
    truths = Truths(refs)
    assert truths.order(turned) == [1, 0]
    both = refs.sum(0).expand_as(refs)
    found = {"turned": Stems(turned, False), "named": Stems(turned, True), "mixture": Stems(both, True)}
    values = score(truths, ("digit", "piano"), found)
    assert list(values) == list(found)
    torch.testing.assert_close(values["turned"][2], sir(refs, turned.flip(0)))
    torch.testing.assert_close(values["named"][2], sir(refs, turned))
    torch.testing.assert_close(values["mixture"][3], si_sdr(refs, both))
    of_a_kind = score(truths, ("digit", "digit"), {"named": Stems(turned, True)})
    torch.testing.assert_close(of_a_kind["named"], values["turned"])


def test_only_the_beginning_of_a_long_recording_is_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "MOST_SCORED", 1)
    noise = torch.randn(2, 2 * RATE, generator=torch.Generator().manual_seed(0))
    found = noise.clone()
    found[:, RATE:] = 0
    values = score(Truths(noise), ("a", "b"), {"found": Stems(found, False)})
    assert values["found"][3].min() > 100
