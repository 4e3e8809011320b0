"""A run as those who watch it meet it: it can be stopped, hurried and steered, and says how it ended."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from bssdemo.search.long import separate_long
from bssdemo.search.objective import Weights
from bssdemo.separation import (
    METHODS,
    Controls,
    Heard,
    Job,
    Method,
    Networks,
    Request,
    Run,
    Setup,
    prepare,
    snapshots,
)
from bssdemo.separation.networks import unmixer_of
from bssdemo.separation.result import report
from bssdemo.snapshot import Snapshot

Prepare = Callable[..., Job]
ONLY_SPECTRAL = Weights(spectral=2.0, dissociation=0.0, coherence=0.0, frequency=0.0)


def finished(job: Job, **options: object) -> Run:
    run = Run(job, **options)  # type: ignore[arg-type]
    for _ in run:
        pass
    return run


def test_a_run_is_the_plain_search_and_its_result_the_last_snapshot(job: Prepare) -> None:
    planned = job(seed=4, start="zeros")
    priors = [planned.setup.networks.priors[name].generator for name in ("digit", "piano")]
    *_, direct = separate_long(planned.heard.mono, priors, planned.setup.config, encoders=[None, None])
    result = finished(planned).result()
    assert result.ending == "done"
    assert torch.equal(result.raw, direct.estimates)
    assert [loss.step for loss in result.losses] == [0, 1, 2, 3]
    assert result.losses[-1].total == float(direct.total)
    assert result.losses[-1].terms == {name: float(value) for name, value in direct.terms.items()}
    assert result.weights == planned.setup.config.objective.weights


def test_every_method_of_the_room_runs_and_ends(
    heard: Heard, priors: Networks, tiny_sound_masks: Path
) -> None:
    sources = ("digit", "drums")
    networks = replace(priors, unmixers=unmixer_of(sources, tiny_sound_masks).unmixers)
    short = Heard.of(replace(heard.recording, samples=heard.recording.samples[:, :4_000]))
    for name, method in METHODS.items():
        steps = 2 if name == "gan" else None
        planned = prepare(short, Request(sources, name, steps=steps), networks)
        stopped = itertools.count()
        run = finished(planned, stop=lambda stopped=stopped: next(stopped) >= 2)  # DAP would take minutes
        result = run.result()
        assert result.raw.shape == (2, len(short.mono)), name
        assert result.answer.done, name
        assert result.ending == ("done" if result.answer.step == result.answer.steps else "stopped"), name
        torch.testing.assert_close(
            result.channels.sum(0), short.recording.samples, rtol=0, atol=1e-5, msg=name
        )
        assert planned.names == (sources if method.named else ("component-1", "component-2"))


def test_stop_ends_the_run_with_what_it_has(job: Prepare) -> None:
    seen: list[int] = []
    run = Run(job(steps=1_000), stop=lambda: len(seen) > 4)
    for snapshot in run:
        seen.append(snapshot.step)
    result = run.result()
    assert result.ending == "stopped"
    assert result.answer.done
    assert result.answer.step == seen[-1] == 4
    assert report(result)["steps_done"] == 4
    assert report(result)["steps"] == 1_000


def test_the_time_limit_ends_the_run_with_what_it_has(job: Prepare) -> None:
    began = time.perf_counter()
    result = finished(job(steps=1_000_000), longest=0.3).result()
    assert time.perf_counter() - began < 20
    assert result.ending == "time limit"
    assert 0 < result.answer.step < 1_000_000
    assert result.raw.abs().max() > 0


def test_nothing_is_missing_from_a_run_that_was_stopped_after_its_last_step(job: Prepare) -> None:
    planned, steps = job(steps=2), [0]

    def stop() -> bool:
        return steps[-1] >= 2

    run = Run(planned, stop=stop)
    for snapshot in run:
        steps.append(snapshot.step)
    assert run.result().ending == "done"


def test_there_is_no_result_before_the_first_snapshot(job: Prepare) -> None:
    with pytest.raises(RuntimeError, match="iterate over a run"):
        Run(job()).result()


def test_weights_changed_in_mid_run_act_and_are_in_the_report(job: Prepare) -> None:
    planned = job(steps=6)
    usual = planned.setup.config.objective.weights
    now: list[Weights | None] = [None]
    run = Run(planned, weights=lambda: now[0])
    for snapshot in run:
        weights = run.weights
        expected = sum(getattr(weights, name) * value for name, value in snapshot.terms.items())
        assert snapshot.leash is not None
        if snapshot.step != 3:  # that one was made just before the change
            torch.testing.assert_close(snapshot.total, expected + snapshot.leash, rtol=1e-4, atol=1e-5)
        if snapshot.step == 2:
            now[0] = ONLY_SPECTRAL
    told = report(run.result())
    assert run.result().weights == ONLY_SPECTRAL
    assert told["settings"]["weights_at_end"] == asdict(ONLY_SPECTRAL)
    assert told["settings"]["search"]["objective"]["weights"] == asdict(usual)  # what was asked for
    untouched = finished(planned).result()
    assert not torch.equal(untouched.raw, run.result().raw)


def test_the_same_request_gives_the_same_stems_and_another_seed_others(job: Prepare) -> None:
    planned = job(method="nmf")
    first, again = finished(planned).result(), finished(planned).result()
    other = finished(job(method="nmf", seed=1)).result()
    assert torch.equal(first.channels, again.channels)
    assert not torch.equal(first.raw, other.raw)


def test_a_method_of_one_line_is_run_like_all_others(job: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Setup, Controls]] = []

    def halves(mix: Tensor, setup: Setup, controls: Controls) -> Iterator[Snapshot]:
        told.append((setup, controls))
        for step in range(3):
            stopped = controls.stop is not None and controls.stop()
            estimates = mix[None].expand(len(setup.sources), -1) / len(setup.sources)
            loss = torch.tensor(3.0 - step)
            yield Snapshot(step, 2, {"guess": loss}, loss, estimates, 0.0, done=stopped or step == 2)
            if stopped:
                return

    monkeypatch.setitem(METHODS, "fake", Method("Fake", "Shares the mixture out.", halves, named=True))
    planned = job(("piano", "piano", "digit"), method="fake", seed=9)
    run = finished(planned)
    assert (told[0][0].sources, told[0][0].seed) == (("piano", "piano", "digit"), 9)
    assert [loss.total for loss in run.result().losses] == [3.0, 2.0, 1.0]
    assert report(run.result())["terms"] == {"guess": {"start": 3.0, "end": 1.0}}
    assert planned.names == ("piano-1", "piano-2", "digit")
    torch.testing.assert_close(run.result().raw, planned.heard.mono[None].expand(3, -1) / 3)
    assert finished(planned, stop=lambda: True).result().ending == "stopped"
    *_, last = snapshots(planned.heard.mono, "fake", planned.setup)
    assert last.done
