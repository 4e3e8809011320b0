"""Unmixing pictures: sums, orders, scores, the training cycle, and baselines that stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from bssdemo.metrics.pictures import psnr, ssim
from bssdemo.separation.pictures.methods import METHODS, PictureMethod, PictureSetup
from bssdemo.separation.pictures.mixtures import PictureMixture, from_example, from_file
from bssdemo.separation.pictures.request import PictureRequest, prepare
from bssdemo.separation.pictures.result import PictureResult, training_cycle
from bssdemo.separation.pictures.run import PictureRun, separate, snapshots
from bssdemo.separation.pictures.sets import PictureSets
from bssdemo.snapshot import PictureSnapshot


def solved(mixture: PictureMixture, method: str = "unmix") -> PictureResult:
    return separate(prepare(mixture, PictureRequest(method)))


def watched(
    answer: PictureResult, method: str, stop: Callable[[], bool] | None = None, longest: float | None = None
) -> list[PictureResult]:
    """A baseline beside an answer: its result after every step."""
    run = PictureRun(prepare(answer.mixture, PictureRequest(method)), stop, longest, beside=answer)
    return [run.result() for _ in run]


@pytest.fixture
def example(sets: PictureSets) -> PictureMixture:
    return from_example(sets.sets["mnist"], 1)


def test_the_sources_add_up_and_are_scored_against_their_own_truths(example: PictureMixture) -> None:
    answer = solved(example)
    assert answer.truths is not None
    assert answer.mask is not None
    assert example.truths is not None
    assert answer.scores is not None
    torch.testing.assert_close(answer.sources.sum(0), example.values)
    torch.testing.assert_close(answer.sources[0], example.values * answer.mask)
    # the network says "digits 5-9" first, the examples hold "digits 0-4" first
    assert answer.names == ("digits 5-9", "digits 0-4")
    torch.testing.assert_close(answer.truths, example.truths.flip(0))
    for k, score in enumerate(answer.scores):
        assert score.psnr == pytest.approx(float(psnr(answer.truths[k], answer.sources[k])), abs=1e-4)
        assert score.ssim == pytest.approx(
            float(ssim(answer.truths[k][None], answer.sources[k][None])), abs=1e-4
        )


def test_the_training_cycle_goes_with_the_next_example(example: PictureMixture) -> None:
    answer = solved(example)
    examples = example.set.examples
    assert examples is not None
    cycle = training_cycle(answer)
    assert [step.name for step in cycle] == ["mixtures", "unmixed", "remixed", "unmixed again", "back"]
    torch.testing.assert_close(cycle[0].mixtures[0], example.values)
    torch.testing.assert_close(cycle[0].mixtures[1], examples.mixture(2))
    unmixed = cycle[1].unmixed
    assert unmixed is not None
    torch.testing.assert_close(unmixed.sources[0], answer.sources)


def test_unknown_kinds_are_ordered_by_likeness(example: PictureMixture) -> None:
    answer = solved(example)
    for truths in (answer.sources, answer.sources.flip(0)):
        again = solved(PictureMixture(example.set, "two", example.values, False, truths))
        assert again.truths is not None
        torch.testing.assert_close(again.truths, answer.sources)
        assert again.scores is not None
        assert min(score.psnr for score in again.scores) == 100


def test_a_mixture_of_which_nothing_is_known_has_no_scores(sets: PictureSets) -> None:
    digits = sets.sets["mnist"]
    assert digits.examples is not None
    answer = solved(from_file(digits, digits.examples.file(0)))
    assert answer.truths is None
    assert answer.scores is None
    assert len(training_cycle(answer)) == 5


def test_the_twin_is_another_network_and_missing_where_it_is_not(
    sets: PictureSets, example: PictureMixture
) -> None:
    assert not torch.equal(solved(example).sources, solved(example, "supervised").sources)
    with pytest.raises(ValueError, match=r"Shoes and bags: Supervised twin is not here\. Available: unmix"):
        solved(from_example(sets.sets["shoes-bags"], 0), "supervised")
    with pytest.raises(ValueError, match="magic is not here"):
        solved(example, "magic")


def test_robust_pca_runs_to_its_end_and_glo_hands_over_when_stopped(example: PictureMixture) -> None:
    answer = solved(example)
    *early, low = watched(answer, "rpca")
    assert {one.ending for one in early} == {"searching"}
    assert low.ending == "done"
    assert low.step == len(low.curve) < low.steps
    assert low.curve[-1] <= 1e-6 < low.curve[0]  # what both parts leave of the mixture
    asked = iter([False, False, True, True])
    *early, last = watched(answer, "glo", lambda: next(asked))
    assert [one.ending for one in (*early, last)] == ["searching", "searching", "stopped"]
    assert last.step == 3
    assert last.scores is not None
    assert last.curve[2] < last.curve[0]
    assert last.mask is None
    assert training_cycle(last) == ()


def test_baselines_stand_in_the_order_that_fits(example: PictureMixture) -> None:
    answer = solved(example)
    for low in (watched(answer, "rpca")[-1], solved(example, "rpca")):  # beside an answer, and by itself
        assert low.truths is not None
        straight, crossed = (psnr(low.truths, low.sources.flip(k)).mean() for k in ([], [0]))
        assert straight >= crossed
    assert watched(answer, "rpca")[-1].names == answer.names


def test_too_long_a_fit_says_so(example: PictureMixture) -> None:
    *_, last = watched(solved(example), "glo", longest=0.0)
    assert (last.ending, last.step) == ("time limit", 1)


def test_glo_is_fitted_to_the_mixture_and_to_other_examples_once_each(example: PictureMixture) -> None:
    setup = prepare(example, PictureRequest("glo")).setup
    assert setup.others is not None
    fitted = torch.cat([example.values[None], setup.others])
    assert len(torch.unique(fitted.flatten(1), dim=0)) == len(fitted) == 32
    first, again = (next(snapshots(example.values[None], "glo", setup)) for _ in range(2))
    assert first.estimates.shape == (1, 2, 1, 32, 32)
    torch.testing.assert_close(first.estimates, again.estimates)


def test_every_method_takes_a_batch(sets: PictureSets, example: PictureMixture) -> None:
    """As a benchmark does: the last snapshot holds both sources of every mixture."""
    assert example.set.examples is not None
    mixtures = example.set.examples.mixtures(3)
    setup = PictureSetup(network=example.set.network("unmix").network)
    for name in METHODS:
        *_, answer = snapshots(mixtures, name, setup, stop=lambda: True)
        assert answer.done
        assert answer.estimates.shape == (3, 2, 1, 32, 32)
        assert answer.total.shape == (3,)


def test_a_further_method_is_one_line(example: PictureMixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def halves(mixtures: torch.Tensor, setup: PictureSetup, stop: object) -> Iterator[PictureSnapshot]:
        sources = torch.stack([mixtures / 2, mixtures / 2], 1)
        yield PictureSnapshot(1, 1, {}, mixtures.new_zeros(len(mixtures)), sources, 0.0, done=True)

    monkeypatch.setitem(METHODS, "halves", PictureMethod("Halves", halves))
    last = watched(solved(example), "halves")[-1]
    assert (last.title, last.ending) == ("Halves", "done")
    torch.testing.assert_close(last.sources.sum(0), example.values)


def test_no_result_before_the_first_snapshot(example: PictureMixture) -> None:
    with pytest.raises(RuntimeError, match="iterate"):
        PictureRun(prepare(example, PictureRequest())).result()
