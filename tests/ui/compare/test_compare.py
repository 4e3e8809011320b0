"""Other methods on the mixture of a finished run: the very same mixture, put in order to be shown, and scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bssdemo.audio import mel
from bssdemo.separation import Networks, Request, prepare
from bssdemo.separation.methods import BASELINES, METHODS
from bssdemo.separation.request import SHARED
from bssdemo.separation.run import snapshots
from bssdemo.separation.scores import Truths
from bssdemo.ui.audio.examples import Example, find, known
from bssdemo.ui.audio.outcome import Outcome
from bssdemo.ui.board import spectrogram
from bssdemo.ui.compare.run import Answer, answered, offered, ordered, running
from bssdemo.ui.compare.shown import table
from bssdemo.ui.session import Turn


@pytest.fixture(scope="module")
def example() -> Example:
    return find()[0]


@pytest.fixture(scope="module")
def outcome(example: Example) -> Outcome:
    left = example.outcome(example.sources)
    assert left is not None
    return left


def answer(outcome: Outcome, method: str, loaded: Networks, folder: Path) -> Answer:
    (job,) = ordered([method], outcome, loaded).values()
    *_, (snapshot, frame) = running(job, Turn())
    return answered(job, snapshot, frame, folder / method)


def test_a_method_gets_the_mixture_and_its_frame_shows_what_it_left(
    outcome: Outcome, loaded: Networks, tmp_path: Path
) -> None:
    left = answer(outcome, "nmf", loaded, tmp_path)
    job = prepare(outcome.heard, Request(outcome.sources, "nmf"), loaded, SHARED)
    *_, alone = snapshots(outcome.heard.mono, "nmf", job.setup)
    torch.testing.assert_close(left.estimates, alone.estimates)
    assert (left.frame.status, left.frame.names) == ("done", ("component 1", "component 2"))
    reference = mel.reference(outcome.heard.mono)
    np.testing.assert_array_equal(left.frame.spectrograms[2:], spectrogram.levels(alone.estimates, reference))
    assert [file.name for file in left.files] == ["component-1.wav", "component-2.wav"]


def test_a_stopped_method_says_so(outcome: Outcome, loaded: Networks) -> None:
    turn = Turn()
    turn.stop()
    (job,) = ordered(["dap"], outcome, loaded).values()
    *_, (snapshot, frame) = running(job, turn)
    assert snapshot.done
    assert frame is not None
    assert frame.status == "stopped"


def test_arranging_moves_names_pictures_sounds_and_files_together(
    outcome: Outcome, loaded: Networks, tmp_path: Path
) -> None:
    left = answer(outcome, "pca", loaded, tmp_path)
    turned = left.arranged(Truths(left.estimates.flip(0)), ("a", "b"))
    assert turned.files == left.files[::-1]
    assert turned.estimates.equal(left.estimates.flip(0))
    np.testing.assert_array_equal(turned.frame.spectrograms, left.frame.spectrograms[[0, 1, 3, 2]])
    assert turned.labels == turned.frame.names == ("nearest to a", "nearest to b")
    assert left.arranged(None, ("a", "b")) is left


@pytest.mark.parametrize(
    ("chosen", "sources", "times", "word"),
    [
        ([], 2, 1, "at least one method"),
        (["wavenet"], 2, 1, "wavenet"),
        (["unmix"], 2, 1, "Unmix-and-remix"),  # for sources that it has no network for
        (["nmf"], 1, 1, "2 to 4"),
        (["nmf", "kernelpca"], 2, 20, r"Kernel PCA takes at most 20 s of recording.*20\.5 s"),
    ],
)
def test_what_cannot_be_compared_is_said_in_words(
    outcome: Outcome, loaded: Networks, chosen: list[str], sources: int, times: int, word: str
) -> None:
    heard = replace(outcome.heard, mono=outcome.heard.mono.repeat(times))
    with pytest.raises(ValueError, match=word):
        ordered(chosen, replace(outcome, heard=heard, sources=outcome.sources[:sources]), loaded)


def test_long_recordings_are_offered_fewer_methods_and_told_why(loaded: Networks) -> None:
    sources = ("digit", "piano")
    short, _ = offered(sources, 1.0, loaded)
    long, refusals = offered(sources, 60.0, loaded)
    assert set(BASELINES) <= set(short)
    refused = [name for name in BASELINES if name not in long]
    assert refused == [name for name in BASELINES if METHODS[name].most_seconds is not None]
    assert all(any(METHODS[name].title in words for words in refusals) for name in refused)


def test_only_an_example_separated_into_its_own_sources_has_known_truths(outcome: Outcome) -> None:
    found, mono = find(), outcome.heard.mono
    truths = known(mono, outcome.sources, found)
    assert truths is not None
    torch.testing.assert_close(truths.refs.sum(0), mono, atol=1e-3, rtol=0)
    other_order = known(mono, outcome.sources[::-1], found)
    assert other_order is not None
    torch.testing.assert_close(other_order.refs, truths.refs.flip(0))
    assert known(mono, ("digit", "drums"), found) is None
    assert known(mono.flip(0), outcome.sources, found) is None


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
