"""ZeroGPU, with a `spaces` of our own that does what the real one does to a generator function: run it in a fork."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Thread
from types import ModuleType
from typing import Any

import pytest
import torch

from bssdemo.machine import device, zero
from bssdemo.separation import Job, Run, lent
from bssdemo.separation.forecast import longest_run

Prepare = Callable[..., Job]
FORK = multiprocessing.get_context("fork")
DONE = "done"


def forking(work: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """`work` in a thread of a fork, its arguments and what it yields pickled; it runs ahead of who asks for it."""

    def called(*args: object) -> Iterator[Any]:
        given, yielded = FORK.SimpleQueue(), FORK.SimpleQueue()

        def there() -> None:
            def iterate() -> None:
                for one in work(*given.get()):
                    yielded.put(one)
                yielded.put(DONE)

            thread = Thread(target=iterate)
            thread.start()
            thread.join()

        process = FORK.Process(target=there, daemon=True)
        process.start()
        given.put(args)
        while (one := yielded.get()) != DONE:
            yield one
        process.join()

    return called


@pytest.fixture
def durations(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A Space with cards to lend, each a processor in disguise; for how long one was asked for."""
    asked: list[int] = []
    spaces = ModuleType("spaces")

    def gpu(duration: int) -> Callable[[Any], Any]:
        asked.append(duration)
        return forking

    spaces.GPU = gpu  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spaces", spaces)
    monkeypatch.setenv(zero.VARIABLE, "true")
    monkeypatch.setenv(device.VARIABLE, "auto")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)  # as `spaces` makes torch say
    monkeypatch.setattr(lent, "CARD", "cpu")
    monkeypatch.setattr(lent, "_searched", zero.lent(lent._searched))
    monkeypatch.setattr(lent, "_shelf", {})
    device.chosen.cache_clear()
    yield asked
    device.chosen.cache_clear()


def test_a_search_on_a_lent_card_finds_what_it_finds_here(
    job: Prepare, durations: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job(steps=4)
    there = Run(asked)
    steps = [snapshot.step for snapshot in there]
    assert lent._shelf  # it went that way
    monkeypatch.delenv(zero.VARIABLE)
    here = Run(asked)
    assert steps == [snapshot.step for snapshot in here]
    torch.testing.assert_close(there.result().raw, here.result().raw, rtol=0, atol=1e-5)
    assert durations == [zero.SECONDS]


def test_a_stop_and_new_weights_reach_the_card(job: Prepare, durations: list[int]) -> None:
    asked = job(steps=100_000)
    weights = asked.setup.config.objective.weights
    nothing = replace(weights, spectral=0.0, dissociation=0.0, coherence=0.0, frequency=0.0, leash=0.0)
    totals: list[float] = []
    run = Run(asked, lambda: nothing if totals else weights, lambda: len(totals) > 1 and totals[-1] == 0)
    for snapshot in run:
        totals.append(float(snapshot.total))
    assert totals[0] > 0
    assert 0 in totals
    assert run.result().ending == "stopped"


def test_networks_wait_on_the_processor_and_a_run_ends_in_time(job: Prepare, durations: list[int]) -> None:
    assert device.chosen().type == "cpu"
    assert longest_run(job()) == zero.ENOUGH < zero.SECONDS
    assert longest_run(job(method="nmf")) > zero.SECONDS


def test_what_the_space_refuses_is_told_as_it_says_it(
    durations: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = type(
        "Error", (Exception,), {"__module__": "gradio.exceptions", "message": "Your quota is used up."}
    )

    def refusing() -> Iterator[int]:
        raise refusal
        yield 0

    monkeypatch.setattr(sys.modules["spaces"], "GPU", lambda duration: lambda work: work)
    with pytest.raises(ValueError, match="Your quota is used up"):
        list(zero.lent(refusing)())


@pytest.mark.parametrize(("told", "asked"), [("", "auto"), ("true", "cpu"), ("false", "cuda")])
def test_elsewhere_nothing_is_lent(told: str, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(zero.VARIABLE, told)
    monkeypatch.setenv(device.VARIABLE, asked)
    assert not device.lends()


def test_without_such_a_space_a_function_stays_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(zero.VARIABLE, "")
    assert zero.lent(forking) is forking
