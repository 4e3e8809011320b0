"""The benchmark loop on separators whose scores are known."""

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from bssdemo.bench.methods import Answer, Row, Separate, Separator, Setting, rows
from bssdemo.bench.runner import Scores, score, to_records
from bssdemo.metrics.assignment import assign
from bssdemo.metrics.audio import METRICS, spectral_snr
from bssdemo.separation.methods import BASELINES
from bssdemo.separation.sharing import Sharing
from bssdemo.snapshot import Snapshot

N = 16_384
SOURCES = ("digit", "piano")


def signals(count: int, sources: int = 2) -> tuple[Tensor, Tensor]:
    refs = torch.randn(count, sources, N, generator=torch.Generator().manual_seed(0))
    return refs.sum(1), refs


def fake(answer: Answer = lambda mix, estimates, refs, share: estimates, unnamed: bool = False) -> Row:
    return Row(Separator(None), answer, unnamed)


AS_IT_IS = {"fake": fake()}


def answering(estimates: Tensor, steps: int = 4) -> Separate:
    """A separator that says silence until its last step, then the next rows of `estimates`."""
    given = iter(estimates)

    def run(mix: Tensor, first: int) -> Iterator[Snapshot]:
        answer = torch.stack([next(given) for _ in mix])
        for step in range(steps + 1):
            shown = answer if step == steps else torch.zeros_like(answer)
            yield Snapshot(step, steps, {}, torch.zeros(len(mix)), shown, 0.0, done=step == steps)

    return run


@pytest.mark.parametrize("batch", [1, 3, 5, 16])
def test_the_last_snapshot_is_scored_whatever_the_batch(batch: int) -> None:
    mix, refs = signals(5)
    gains = torch.linspace(0.1, 0.9, 10).reshape(5, 2, 1)
    batches = list(score(answering(gains * refs), AS_IT_IS, mix, refs, SOURCES, batch))
    assert [len(one.values["sir"]) for (one,) in batches] == [len(part) for part in mix.split(batch)]
    assert {metric for (one,) in batches for metric in one.values} == METRICS.keys()
    expected = -20 * torch.log10(1 - gains.squeeze(-1).double())
    found = torch.cat([one.values["spectral_snr"] for (one,) in batches])
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_a_run_goes_on_from_any_mixture() -> None:
    mix, refs = signals(5)
    asked: list[tuple[int, Tensor]] = []

    def separator(mixes: Tensor, first: int) -> Iterator[Snapshot]:
        asked.append((first, mixes))
        yield from Separator(None).prepared(Setting(SOURCES))(mixes, first)

    whole = torch.cat([s.values["sir"] for (s,) in score(separator, AS_IT_IS, mix, refs, SOURCES, 2)])
    rest = torch.cat([s.values["sir"] for (s,) in score(separator, AS_IT_IS, mix, refs, SOURCES, 2, first=3)])
    assert torch.equal(rest, whole[3:])
    assert [first for first, _ in asked] == [0, 2, 4, 3]
    assert torch.equal(asked[-1][1], mix[3:])


@pytest.mark.parametrize("batch", [2, 5])
def test_progress_adds_up_to_the_number_of_mixtures_and_never_goes_back(batch: int) -> None:
    mix, refs = signals(5)
    told: list[float] = []
    list(score(answering(refs), AS_IT_IS, mix, refs, SOURCES, batch, told.append))
    assert sum(told) == pytest.approx(5)
    assert min(told) >= 0


def test_the_mixture_as_the_estimate_is_the_same_for_every_stem() -> None:
    mix, _ = signals(3)
    (answer,) = rows()["mixture"].separator.prepared(Setting(("a", "b", "c")))(mix, 0)
    assert answer.done
    assert torch.equal(answer.estimates, mix[:, None].expand(-1, 3, -1))


def test_several_answers_are_made_of_one_separation() -> None:
    mix, refs = signals(3)
    answers = {
        "half": fake(lambda mix, estimates, refs, share: estimates / 2),
        "truth": fake(lambda mix, estimates, refs, share: refs + mix[:, None] * 0),
    }
    ((half, truth),) = score(answering(refs), answers, mix, refs, SOURCES, batch=3)
    assert (half.method, truth.method) == ("half", "truth")
    torch.testing.assert_close(
        half.values["spectral_snr"], torch.full((3, 2), 20 * math.log10(2), dtype=torch.float64)
    )
    assert truth.values["spectral_snr"].isinf().all()
    assert half.seconds > 0


def test_oracle_masks_beat_the_mixture() -> None:
    mix, refs = signals(3)
    method = rows()["oracle"]
    *_, last = method.separator.prepared(Setting(SOURCES))(mix, 0)
    stems = method.answer(mix, last.estimates, refs, Sharing())
    assert (spectral_snr(refs, stems) > spectral_snr(refs, last.estimates)).all()


def test_without_a_residual_the_stems_are_all_of_the_mixture() -> None:
    mix, refs = signals(2)
    spectrum = torch.fft.rfft(refs)
    spectrum[..., N // 8 :] = 0
    weak = torch.fft.irfft(spectrum, N)  # no estimate has anything above 2 kHz: the residual takes it
    shared, usual = (
        rows()[name].answer(mix, weak, refs, Sharing()) for name in ("refined-without-residual", "refined")
    )
    torch.testing.assert_close(shared.sum(1), mix, atol=1e-4, rtol=0)
    assert usual.sum(1).norm() < 0.7 * mix.norm()


def test_stems_of_one_kind_take_their_best_order_and_others_stay() -> None:
    _, refs = signals(4, 3)
    swapped = refs[:, [2, 1, 0]].clone()
    swapped[1] = refs[1]  # every mixture has its own order
    assert torch.equal(assign(refs, swapped, ["digit", "piano", "digit"]), refs)
    assert torch.equal(assign(refs, swapped, ["digit", "piano", "drums"]), swapped)
    assert (spectral_snr(refs, assign(refs, refs.roll(1, 1), ["x"] * 3)) == math.inf).all()


def test_unnamed_components_are_scored_in_their_best_order_and_named_ones_as_they_are() -> None:
    mix, refs = signals(3)
    components = 0.5 * refs
    components[1] = components[1].flip(0)  # only in one mixture
    methods = {"named": fake(), "unnamed": fake(unnamed=True)}
    ((named, unnamed),) = score(answering(components), methods, mix, refs, SOURCES)
    good = torch.full((3, 2), 20 * math.log10(2), dtype=torch.float64)
    torch.testing.assert_close(unnamed.values["spectral_snr"], good)
    torch.testing.assert_close(named.values["spectral_snr"][[0, 2]], good[[0, 2]])
    assert (named.values["spectral_snr"][1] < 4).all()


def test_every_baseline_is_a_method_and_refined_is_one_more_answer_of_the_same_run() -> None:
    for name in BASELINES:
        plain, masked = rows()[name], rows()[f"{name}-refined"]
        assert plain.separator == masked.separator
        assert plain.unnamed
        assert masked.unnamed
    assert not any(rows()[name].unnamed for name in ("raw", "refined", "paper", "paper-refined", "oracle"))


def test_nmf_tells_two_tones_apart_and_does_not_depend_on_the_batch() -> None:
    seconds = torch.arange(N) / 16_000
    low, high = (torch.sin(2 * torch.pi * f * seconds) for f in (300.0, 3000.0))
    gates = torch.stack([(seconds % 0.5 < 0.25).float(), (seconds % 0.3 < 0.15).float()])
    refs = (
        torch.stack([low * gates[0], high * gates[1]]).expand(2, -1, -1)
        * torch.tensor([1.0, 0.3])[:, None, None]
    )
    methods = {"nmf": rows()["nmf"]}
    separator = rows()["nmf"].separator.prepared(Setting(SOURCES))
    one, both = (
        torch.cat(
            [s.values["spectral_snr"] for (s,) in score(separator, methods, refs.sum(1), refs, SOURCES, size)]
        )
        for size in (1, 2)
    )
    assert (both > 3).all()
    torch.testing.assert_close(one, both)


def test_what_has_no_score_stays_empty_and_what_is_perfect_stays_finite() -> None:
    column = torch.tensor([1.00049, math.nan, math.inf, -math.inf], dtype=torch.float64)
    other = torch.zeros(4, dtype=torch.float64)
    scores = Scores("m", {"sir": torch.stack([column, other], 1)}, seconds=0.5)
    first, second = to_records(scores, ["digit", "digit"])
    assert (first.values, first.stem) == ((1.0, None, 300.0, -300.0), "digit-1")
    assert (second.values, second.stem) == ((0.0,) * 4, "digit-2")
    assert {(r.sources, r.method, r.metric, r.seconds) for r in (first, second)} == {
        ("digit,digit", "m", "sir", 0.5)
    }


def test_a_perfect_estimate() -> None:
    mix, refs = signals(2)
    ((scores,),) = score(answering(refs), AS_IT_IS, mix, refs, SOURCES)
    by_metric = {r.metric: r for r in to_records(scores, SOURCES) if r.stem == "digit"}
    assert by_metric["spectral_snr"].values == (300.0, 300.0)
    assert by_metric["envelope_distance"].values == (0.0, 0.0)
    assert by_metric["sir"].mean == pytest.approx(100, abs=1e-3)
