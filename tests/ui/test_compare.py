"""Other methods on the mixture of a finished run: the very same mixture, true sources, and their scores."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bssdemo import audio
from bssdemo.baselines.catalogue import BASELINES
from bssdemo.evaluation.metrics import si_sdr, sir
from bssdemo.ui import compare, examples, job, picture, scores
from bssdemo.ui import compare_methods as methods
from bssdemo.ui.frame import decode
from bssdemo.ui.kept import Kept, new_folder, owning
from bssdemo.ui.result import Loss, Result, write_sounds
from bssdemo.ui.scores import SLACK, Truths, given, known, score, table
from bssdemo.ui.session import Session
from bssdemo.ui.shelf import Shelf

RATE = audio.SAMPLE_RATE


def finish(ordered: job.Job, shelf: Shelf, folder: Path) -> tuple[Result, Kept]:
    *_, (snapshot, frame) = job.run(ordered, shelf, Session())
    weights = ordered.config.objective.weights
    result = Result.of(ordered, snapshot, [Loss.of(snapshot)], weights, stopped=False)
    return result, write_sounds(result, str(frame), folder)


@pytest.fixture(scope="module")
def example() -> examples.Example:
    return examples.find()[0]


@pytest.fixture(scope="module")
def about(example: examples.Example) -> compare.Heard:
    kept = example.kept(example.sources)
    assert kept is not None
    return compare.heard(kept)


def answer(about: compare.Heard, method: str, folder: Path) -> compare.Row:
    names = methods.component_names(method, about.labels)
    *_, (snapshot, frame) = compare.run(BASELINES[method], about.mono, names, Session())
    return compare.write(method, snapshot, str(frame), folder)


@pytest.mark.parametrize("loudness", [1.0, 40.0])  # the raw stems of the second would clip: they are scaled
def test_what_was_kept_of_a_run_is_its_mixture_and_its_stems(
    shelf: Shelf, long_file: Path, tmp_path: Path, loudness: float
) -> None:
    ordered = job.order(long_file, ["digit", "piano"], shelf, steps=2)
    loud = replace(ordered.recording, samples=loudness * ordered.recording.samples)
    ordered = replace(ordered, recording=loud, mono=loudness * ordered.mono)
    result, kept = finish(ordered, shelf, tmp_path)
    back = compare.heard(kept)
    assert (kept.scale < 1) == (loudness > 1)
    step = loudness * 1e-4
    torch.testing.assert_close(back.mono, ordered.mono, atol=step, rtol=0)
    torch.testing.assert_close(back.raw, result.stems.raw, atol=step, rtol=0)
    # the masks are made anew of raw stems in 16 bits: all but the same
    difference = (back.refined - result.stems.refined).square().sum()
    assert difference < 1e-2 * result.stems.refined.square().sum()


def test_a_recorded_run_is_read_back_at_its_mixtures_level(
    about: compare.Heard, example: examples.Example
) -> None:
    kept = example.kept(example.sources)
    assert kept is not None
    heard = torch.stack([audio.read(file).samples[0] for file in kept.stems["refined"]])
    torch.testing.assert_close(about.refined, heard, atol=2e-3, rtol=0)


def test_a_method_gets_the_mixture_and_its_frame_shows_what_it_left(
    about: compare.Heard, tmp_path: Path
) -> None:
    row = answer(about, "nmf", tmp_path)
    *_, alone = BASELINES["nmf"].separate(about.mono, len(about.labels))
    torch.testing.assert_close(row.estimates(), alone.estimates, atol=1e-4, rtol=0)
    shown = decode(row.frame)
    assert (shown.status, shown.names) == ("done", ("component 1", "component 2"))
    reference = picture.reference(about.mono)
    np.testing.assert_array_equal(shown.spectrograms[2:], picture.levels(alone.estimates, reference))


def test_a_stopped_method_says_so(about: compare.Heard) -> None:
    session = Session()
    session.stop()
    *_, (snapshot, frame) = compare.run(BASELINES["nmf"], about.mono, ("a", "b"), session)
    assert snapshot.done
    assert decode(str(frame)).status == "stopped"


def test_arranging_moves_names_pictures_and_files_together(about: compare.Heard, tmp_path: Path) -> None:
    row = answer(about, "pca", tmp_path)
    turned = row.arranged([1, 0], ["a", "b"])
    assert turned.files == row.files[::-1]
    torch.testing.assert_close(turned.estimates(), row.estimates().flip(0))
    before, after = decode(row.frame).spectrograms, decode(turned.frame).spectrograms
    np.testing.assert_array_equal(after, before[[0, 1, 3, 2]])
    assert decode(turned.frame).names == ("a", "b")


@pytest.mark.parametrize(
    ("chosen", "sources", "seconds", "word"),
    [
        ([], 2, 1.0, "at least one method"),
        (["wavenet"], 2, 1.0, "wavenet"),
        (["unmix"], 2, 1.0, "unmix"),  # for sources that it has no network for
        (["nmf"], 1, 1.0, "2 to 4"),
        (["nmf", "kernelpca"], 2, 20.1, "Kernel PCA takes at most 20 s of recording.*20.1 s"),
    ],
)
def test_what_cannot_be_compared_is_said_in_words(
    chosen: list[str], sources: int, seconds: float, word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        methods.check(chosen, BASELINES, sources, seconds)


def test_long_recordings_are_offered_fewer_methods() -> None:
    assert methods.offered(BASELINES, 1.0) == list(BASELINES)
    assert methods.left_out(1.0) is None
    assert set(methods.offered(BASELINES, 60.0)) == set(BASELINES) - set(methods.LONGEST)
    methods.check(methods.offered(BASELINES, 60.0), BASELINES, 4, 60.0)


def test_files_of_a_comparison_go_when_nobody_holds_it_any_more(about: compare.Heard) -> None:
    folder = new_folder()
    left: compare.Compared | None = owning(compare.Compared(), folder)
    assert left is not None
    left.rows.append(answer(about, "pca", folder))
    file = left.rows[0].files[0]
    assert file.is_file()
    left = None
    gc.collect()
    assert not file.exists()


def test_only_an_example_separated_into_its_own_sources_has_known_truths(about: compare.Heard) -> None:
    found = examples.find()
    truths = known(about, found)
    assert truths is not None
    torch.testing.assert_close(truths.refs.sum(0), about.mono, atol=1e-3, rtol=0)
    turned = replace(about, sources=about.sources[::-1])
    other_order = known(turned, found)
    assert other_order is not None
    torch.testing.assert_close(other_order.refs, truths.refs.flip(0))
    assert known(replace(about, sources=("digit", "drums")), found) is None
    assert known(replace(about, mono=about.mono.flip(0)), found) is None


def uploaded(refs: torch.Tensor, folder: Path, rate: int = RATE) -> list[str]:
    files = [folder / f"{at}.wav" for at in range(len(refs))]
    for file, ref in zip(files, refs, strict=True):
        audio.write_wav(file, ref, rate)
    return [str(file) for file in files]


def test_uploaded_truths_are_brought_to_the_mixture(
    about: compare.Heard, example: examples.Example, tmp_path: Path
) -> None:
    true = known(about, [example])
    assert true is not None
    same = given(uploaded(true.refs, tmp_path), about)
    assert same is not None
    assert same.notes == ()
    torch.testing.assert_close(same.refs, true.refs, atol=1e-4, rtol=0)
    shorter = given(uploaded(true.refs[:, :-SLACK], tmp_path), about)
    assert shorter is not None
    assert shorter.refs.shape == true.refs.shape
    assert sum("filled up" in note for note in shorter.notes) == 2
    louder = given(uploaded(true.refs * 0.5, tmp_path), about)
    assert louder is not None
    assert "25 % of its energy" in louder.notes[0]  # half the amplitude is missing


def test_truths_that_do_not_fit_are_refused_in_words(about: compare.Heard, tmp_path: Path) -> None:
    refs = about.mono.repeat(2, 1)
    assert given([None] * 4, about) is None
    with pytest.raises(ValueError, match="piano is missing"):
        given([uploaded(refs, tmp_path)[0], None, None, None], about)
    with pytest.raises(ValueError, match=r"lasts 2\.05 s, the mixture 1\.02 s"):
        given(uploaded(refs.repeat(1, 2), tmp_path), about)
    with pytest.raises(ValueError, match=r"True source of digit.*silent"):
        given(uploaded(refs * 0, tmp_path), about)
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    with pytest.raises(ValueError, match=r"True source of digit.*text\.wav"):
        given([str(text), str(text)], about)


def test_scores_are_the_benchmarks_metrics_in_the_best_order(
    about: compare.Heard, example: examples.Example
) -> None:
    truths = known(about, [example])
    assert truths is not None
    turned = truths.refs.flip(0) + 0.01 * torch.randn(
        truths.refs.shape, generator=torch.Generator().manual_seed(0)
    )
    assert truths.order(turned) == [1, 0]
    values = score(truths, about, {"turned": turned})
    assert list(values) == ["the mixture itself", "ours, raw", "ours, refined", "turned"]
    torch.testing.assert_close(values["turned"][2], sir(truths.refs, turned.flip(0)))
    named = score(truths, about, {"turned": turned}, named=["turned"])
    torch.testing.assert_close(named["turned"][2], sir(truths.refs, turned))
    torch.testing.assert_close(values["ours, raw"][3], si_sdr(truths.refs, about.raw))
    both = about.mono.expand_as(truths.refs)
    torch.testing.assert_close(values["the mixture itself"][3], si_sdr(truths.refs, both))


def test_only_the_beginning_of_a_long_recording_is_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "MOST_SCORED", 1)
    noise = torch.randn(2, 2 * RATE, generator=torch.Generator().manual_seed(0))
    found = noise.clone()
    found[:, RATE:] = 0
    about = compare.Heard(("a", "b"), ("a", "b"), noise.sum(0), noise)
    values = scores.score(Truths(noise), about, {"found": found})
    assert values["found"][3].min() > 100


def cells(line: str) -> list[str]:
    return [cell.split("</td>")[0] for cell in line.split("<td>")[1:]]


def test_the_best_of_every_column_is_strong_and_names_are_escaped() -> None:
    first, second = (
        torch.tensor([[1.0], [1.0], [torch.nan], [3.0]]),
        torch.tensor([[2.0], [2.0], [1.0], [3.0]]),
    )
    text = table({"one <b>": first, "two": second}, ["<i>"])
    assert "<b>" not in text
    assert "<i>" not in text
    one, two = text.split("<tr>")[-2:]
    strong = {value: f"<strong>{value}</strong>" for value in ("1.00", "2.00", "3.00")}
    assert cells(one) == ["1.00", strong["1.00"], "n/a", strong["3.00"]]
    assert cells(two) == [strong["2.00"], "2.00", strong["1.00"], strong["3.00"]]
