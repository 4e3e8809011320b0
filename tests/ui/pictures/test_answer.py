"""Unmixing on the page: sums, orders, scores, the circle, and baselines that stop."""

from __future__ import annotations

import pytest
import torch

from bssdemo.evaluation.pictures import psnr, ssim
from bssdemo.ui.pictures import answer as solve
from bssdemo.ui.pictures.case import Case, from_example, from_file
from bssdemo.ui.pictures.shelf import PictureShelf


@pytest.fixture
def example(pictures: PictureShelf) -> Case:
    return from_example(pictures.sets["mnist"], 1)


def test_the_sources_add_up_and_are_scored_against_their_own_truths(example: Case) -> None:
    answer = solve.unmix(example, "unmix")
    estimate = answer.estimate
    assert answer.truths is not None
    assert example.truths is not None
    assert estimate.scores is not None
    torch.testing.assert_close(estimate.sources.sum(0), example.mixture)
    # the network says "digits 5-9" first, the examples hold "digits 0-4" first
    assert estimate.names == ("digits 5-9", "digits 0-4")
    torch.testing.assert_close(answer.truths, example.truths.flip(0))
    for k, score in enumerate(estimate.scores):
        assert score.psnr == pytest.approx(float(psnr(answer.truths[k], estimate.sources[k])), abs=1e-4)
        assert score.ssim == pytest.approx(
            float(ssim(answer.truths[k][None], estimate.sources[k][None])), abs=1e-4
        )


def test_the_circle_goes_with_the_next_example(example: Case) -> None:
    answer = solve.unmix(example, "unmix")
    gallery = example.chosen.gallery
    assert gallery is not None
    assert [step.name for step in answer.circle] == [
        "mixtures",
        "unmixed",
        "remixed",
        "unmixed again",
        "back",
    ]
    torch.testing.assert_close(answer.circle[0].mixtures[0], example.mixture)
    torch.testing.assert_close(answer.circle[0].mixtures[1], gallery.mixture(2))
    unmixed = answer.circle[1].unmixed
    assert unmixed is not None
    torch.testing.assert_close(unmixed.sources[0], answer.estimate.sources)


def test_unknown_kinds_are_ordered_by_likeness(example: Case) -> None:
    answer = solve.unmix(example, "unmix")
    for truths in (answer.estimate.sources, answer.estimate.sources.flip(0)):
        unnamed = Case(example.chosen, "two", example.mixture, False, truths, partner=None)
        again = solve.unmix(unnamed, "unmix")
        assert again.truths is not None
        torch.testing.assert_close(again.truths, answer.estimate.sources)
        assert again.estimate.scores is not None
        assert min(score.psnr for score in again.estimate.scores) == 100
        assert again.circle == ()


def test_a_mixture_of_which_nothing_is_known_has_no_scores(pictures: PictureShelf) -> None:
    digits = pictures.sets["mnist"]
    assert digits.gallery is not None
    answer = solve.unmix(from_file(digits, digits.gallery.file(0)), "unmix")
    assert answer.truths is None
    assert answer.estimate.scores is None
    assert len(answer.circle) == 5


def test_the_twin_is_another_network_and_missing_where_it_is_not(
    pictures: PictureShelf, example: Case
) -> None:
    blind, twin = (solve.unmix(example, method).estimate for method in ("unmix", "supervised"))
    assert not torch.equal(blind.sources, twin.sources)
    with pytest.raises(ValueError, match=r"Shoes and bags: Supervised twin is not here\. Available: unmix"):
        solve.unmix(from_example(pictures.sets["shoes-bags"], 0), "supervised")
    with pytest.raises(ValueError, match="magic is not here"):
        solve.unmix(example, "magic")


def test_robust_pca_runs_to_its_end_and_glo_hands_over_when_stopped(example: Case) -> None:
    answer = solve.unmix(example, "unmix")
    *_, low = solve.compare(answer, "rpca", lambda: False)
    assert low.status == "done"
    assert low.step == len(low.curve) < low.steps
    assert low.curve[-1] <= 1e-6 < low.curve[0]  # what both parts leave of the mixture
    asked = iter([False, False, True, True])
    *early, last = solve.compare(answer, "glo", lambda: next(asked))
    assert [estimate.status for estimate in (*early, last)] == ["searching", "searching", "stopped"]
    assert last.step == 3
    assert last.scores is not None
    assert last.curve[2] < last.curve[0]
    with pytest.raises(ValueError, match="Available: rpca, glo"):
        list(solve.compare(answer, "magic", lambda: False))


def test_baselines_stand_in_the_order_that_fits(example: Case) -> None:
    answer = solve.unmix(example, "unmix")
    assert answer.truths is not None
    *_, low = solve.compare(answer, "rpca", lambda: False)
    straight, crossed = (
        psnr(answer.truths, low.sources).mean(),
        psnr(answer.truths, low.sources.flip(0)).mean(),
    )
    assert straight >= crossed


def test_too_long_a_fit_says_so(example: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solve, "LONGEST", 0.0)
    *_, last = solve.compare(solve.unmix(example, "unmix"), "glo", lambda: False)
    assert (last.status, last.step) == ("time limit", 1)
