from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Thread

import numpy as np
import pytest
import torch

from bssdemo.audio import mel, to_search_level
from bssdemo.audio.format import SAMPLES
from bssdemo.search.objective import TERMS, Weights, prepare, terms
from bssdemo.search.pgd import PRESETS
from bssdemo.snapshot import Snapshot
from bssdemo.ui.board import painter as painting
from bssdemo.ui.board.frame import Frame
from bssdemo.ui.board.painter import POINTS, Painter, paced, weight_values

WEIGHTS = PRESETS["balanced"].objective.weights
NAMES = ("one", "two")


def noise(*shape: int, samples: int = SAMPLES) -> torch.Tensor:
    return 0.2 * torch.randn(*shape, samples, generator=torch.Generator().manual_seed(1))


def snapshot(step: int, steps: int = 1000, done: bool = False, samples: int = SAMPLES) -> Snapshot:
    values = {term: torch.tensor(float(step)) for term in TERMS}
    estimates = noise(2, samples=samples)
    return Snapshot(step, steps, values, torch.tensor(float(step)), estimates, 0.1 * step, done)


def painter() -> Painter:
    return Painter(noise(), NAMES, "balanced")


def drawing() -> Callable[[Snapshot, str], Frame]:
    one = painter()
    return lambda snapshot, status: one.frame(snapshot, WEIGHTS, status)


def told(*snapshots: Snapshot) -> list[Frame | None]:
    return [text for _, text in paced(snapshots, drawing(), lambda: "done")]


def test_first_and_last_are_always_drawn_and_every_snapshot_passes() -> None:
    drawn = told(*(snapshot(step) for step in range(30)), snapshot(30, 30, done=True))
    assert len(drawn) == 31
    first, last = drawn[0], drawn[-1]
    assert first is not None
    assert last is not None
    assert first.step == 0
    assert (last.step, last.status) == (30, "done")


def test_frames_keep_their_distance_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painting, "FRAME_INTERVAL", 0.05)
    monkeypatch.setattr(painting, "DRAWING_SHARE", 1e9)

    def slowly() -> Iterator[Snapshot]:
        for step in range(40):
            time.sleep(0.005)
            yield snapshot(step)

    times = [time.perf_counter() for _, text in paced(slowly(), drawing(), lambda: "") if text]
    assert len(times) > 2
    assert np.diff(times).min() > 0.02  # the steps come 0.005 apart; drawing takes its own, varying time


def test_dear_frames_are_drawn_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painting, "FRAME_INTERVAL", 0.0)
    monkeypatch.setattr(
        painting, "DRAWING_SHARE", 1e-9
    )  # each frame is as dear as can be: one a LONGEST_INTERVAL
    drawn = told(*(snapshot(step) for step in range(50)))
    assert sum(text is not None for text in drawn) <= 2


def test_curves_are_the_shares_and_add_up_to_the_terms() -> None:
    one = painter()
    state = snapshot(0)
    frame = one.frame(state, WEIGHTS, "searching")
    mix, gain = to_search_level(one.mono, len(NAMES))
    expected = terms(prepare(mix[None], one.form), gain * state.estimates[None])
    for at, term in enumerate(TERMS):
        span = np.ptp(frame.curves[:, at]) + 1e-3
        assert frame.curves[:, at, 0].sum() == pytest.approx(
            expected[term].item(), abs=2e-3 * float(span) + 1e-3
        )


def test_curves_never_grow_beyond_their_points_and_keep_their_ends() -> None:
    one = painter()
    for step in range(0, 3 * POINTS):
        text = one.frame(snapshot(step), WEIGHTS, "searching")
        assert text.curve_steps.size <= POINTS
        assert text.curve_steps[0] == 0
    assert text.curve_steps[-1] >= 3 * POINTS - 4


def test_a_changed_weight_leaves_a_mark_and_is_shown() -> None:
    one = painter()
    changed = replace(WEIGHTS, spectral=1.75)
    one.frame(snapshot(0), WEIGHTS, "searching")
    one.frame(snapshot(8), changed, "searching")
    frame = one.frame(snapshot(9), changed, "searching")
    assert frame.marks == (8,)
    assert frame.weights == weight_values(changed)


def test_weights_come_in_the_order_of_the_terms() -> None:
    assert weight_values(Weights(1.0, 2.0, 3.0, 4.0)) == (1, 2, 3, 4)


@pytest.mark.parametrize(("seconds", "most"), [(1.024, 0.05), (60, 0.5)])
def test_a_frame_costs_milliseconds(seconds: float, most: float) -> None:
    """CPU time of this thread, so that a busy machine does not fail it; a tenth of it where it was written."""
    samples = int(seconds * 16_000)
    one = Painter(noise(samples=samples), NAMES, "balanced")
    one.frame(snapshot(0, samples=samples), WEIGHTS, "searching")
    costs = []
    for step in range(1, 5):
        state = snapshot(step, samples=samples)
        began = time.thread_time()
        one.frame(state, WEIGHTS, "searching")
        costs.append(time.thread_time() - began)
    assert np.median(costs) < most


def test_a_frame_of_a_long_recording_is_as_large_and_says_how_long_it_is() -> None:
    one = Painter(noise(samples=20 * SAMPLES), NAMES, "balanced")
    frame = one.frame(snapshot(0, samples=20 * SAMPLES), WEIGHTS, "searching")
    assert frame.duration == pytest.approx(20.48)
    assert frame.spectrograms.shape == (4, mel.ROWS, mel.COLUMNS)


def test_the_pace_is_kept_when_every_step_comes_on_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio asks for the next snapshot on any thread of its pool; CPU time is one thread's own."""
    monkeypatch.setattr(painting, "FRAME_INTERVAL", 0.0)
    monkeypatch.setattr(painting, "LONGEST_INTERVAL", 60.0)
    monkeypatch.setattr(painting, "DRAWING_SHARE", 1e9)  # a frame costs next to nothing: each one is due
    steps = paced((snapshot(step) for step in range(12)), drawing(), lambda: "done")
    drawn = []
    for _ in range(12):
        thread = Thread(target=lambda: drawn.append(next(steps)[1]))
        thread.start()
        thread.join()
    assert all(frame is not None for frame in drawn)


def test_a_method_without_terms_is_drawn_without_curves() -> None:
    one = Painter(noise(), NAMES, None)
    frame = one.frame(snapshot(3), WEIGHTS, "searching")
    assert (frame.weights, frame.curves.shape, frame.total.size) == ((), (2, 0, 0), 0)
    assert frame.spectrograms.shape == (4, mel.ROWS, mel.COLUMNS)


def test_stopped_after_the_last_step_is_done() -> None:
    *_, (_, frame) = paced([snapshot(0), snapshot(30, 30, done=True)], drawing(), lambda: "stopped")
    assert frame is not None
    assert frame.status == "done"
    *_, (_, frame) = paced([snapshot(0), snapshot(29, 30, done=True)], drawing(), lambda: "time limit")
    assert frame is not None
    assert frame.status == "time limit"
