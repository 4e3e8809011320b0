"""Several recordings in one batch: each gets what it gets alone, whatever shares its batch."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch

from bssdemo import audio
from bssdemo.search import long
from bssdemo.separation import Heard, Job, Run
from bssdemo.separation.together import batches, together

Prepare = Callable[..., Job]


def recording(seconds: float, pitch: float) -> Heard:
    time = torch.arange(round(8_000 * seconds)) / 8_000
    sound = 0.3 * torch.sin(2 * torch.pi * pitch * time) * torch.exp(-time)
    return Heard.of(audio.Recording(sound[None], 8_000))


@pytest.fixture
def jobs(job: Prepare) -> list[Job]:
    """Of 0.5, 4 and 2 s: the second is a long one, which is searched in fewer steps where none are asked for."""
    lengths = ((0.5, 300.0), (4.0, 400.0), (2.0, 500.0))
    return [job(heard=recording(seconds, pitch), start="zeros", steps=2) for seconds, pitch in lengths]


def test_each_is_what_it_is_alone(jobs: list[Job]) -> None:
    found = {id(job): result for job, result in together(jobs)}
    assert len(found) == 3
    for job in jobs:
        run = Run(job)
        for _ in run:
            pass
        alone, result = run.result(), found[id(job)]
        torch.testing.assert_close(result.raw, alone.raw, rtol=0, atol=1e-4)
        # the masks' spectra are fitted in many updates, which enlarge the rounding of a batch
        torch.testing.assert_close(result.channels, alone.channels, rtol=0, atol=5e-4)
        assert [loss.step for loss in result.losses] == [loss.step for loss in alone.losses]
        assert [loss.total for loss in result.losses] == pytest.approx(
            [loss.total for loss in alone.losses], rel=1e-3
        )
        assert result.ending == "done"


def test_batches_hold_what_is_searched_alike_up_to_their_size(
    job: Prepare, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert batches(jobs) == [jobs]
    other = job(heard=jobs[0].heard, start="zeros", steps=3)
    assert batches([jobs[0], other, jobs[2]]) == [[jobs[0], jobs[2]], [other]]
    windows = [len(one.heard.windows.starts) for one in jobs]
    monkeypatch.setattr(long, "AT_ONCE", 2 * (windows[0] + windows[1]))
    assert batches(jobs) == [jobs[:2], jobs[2:]]
    plain = [job(heard=one.heard, method="nmf") for one in jobs]
    assert all(len(batch) == 1 for batch in batches(plain))
    assert {id(batch[0]) for batch in batches(plain)} == {id(one) for one in plain}


def test_nothing_follows_a_stop(jobs: list[Job]) -> None:
    asked = itertools.count()
    assert list(together(jobs, stop=lambda: next(asked) >= 2)) == []
