"""One machine for many: everybody gets a share, nobody may have it all, and nobody waits for somebody who left."""

from __future__ import annotations

import threading
import time

import pytest

from bssdemo.machine import shares
from bssdemo.machine.shares import CrowdedError, Machine, Place


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def never() -> bool:
    return False


def work(place: Place, seconds: float, finished: list[str], name: str) -> None:
    while not place.wait(1.0):
        pass
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = time.monotonic()
        place.rest(never)
        end += time.monotonic() - before  # what others had does not count
        time.sleep(0.002)
    place.give_back()
    finished.append(name)


def test_one_works_at_a_time_in_the_order_of_arrival() -> None:
    machine = Machine()
    first, second = machine.place(), machine.place()
    assert first.wait(0.0)
    assert not second.wait(0.0)
    first.give_back()
    assert second.wait(0.0)
    assert (len(machine), machine.waiting) == (1, 0)


def test_a_long_run_lets_a_short_one_in_between_its_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "ROUND", 0.05)
    machine, finished = Machine(), []
    places = {"long": machine.place(), "short": machine.place()}
    workers = [
        threading.Thread(target=work, args=(places[name], seconds, finished, name))
        for name, seconds in (("long", 1.0), ("short", 0.1))
    ]
    for worker in workers:
        worker.start()
        time.sleep(0.02)
    for worker in workers:
        worker.join(20)
    assert finished == ["short", "long"]
    assert len(machine) == 0


def test_newcomers_do_not_hold_up_a_long_run_for_ever() -> None:
    """Two more come in every round; each wants one round. The long run still has its share."""
    clock = Clock()
    machine = Machine(most_waiting=99, most_of_address=99, clock=clock)
    long = machine.place()
    assert long.wait(0.0)
    waiting: list[Place] = []
    rounds = 0
    for _ in range(30):
        waiting.append(machine.place())
        if len(waiting) < 3:
            waiting.append(machine.place())
        for one in waiting:
            one.wait(0.0)
        clock.now += shares.ROUND
        if long.since is not None:
            rounds += 1
            long.rest(lambda: True)
        else:
            for one in [one for one in waiting if one.since is not None]:
                one.give_back()
                waiting.remove(one)
        for one in (long, *waiting):
            one.wait(0.0)
    assert rounds >= 5


def test_an_address_and_the_house_have_so_many_places() -> None:
    machine = Machine(most_waiting=5, most_of_address=2)
    mine = [machine.place("a"), machine.place("a")]
    with pytest.raises(CrowdedError, match="You have 2 runs going or waiting"):
        machine.place("a")
    again = machine.place("a", instead=mine[0])  # pressed again: the run before makes room
    mine[0].give_back()
    others = [machine.place(name) for name in "bcde"][:3]
    assert len(machine) == 6
    with pytest.raises(CrowdedError, match="Too many visitors"):
        machine.place("f")
    for place in (*mine, again, *others):
        place.give_back()
    assert machine.place("a").wait(0.0)


def test_a_place_that_nobody_takes_and_a_worker_that_hangs_are_given_up() -> None:
    clock = Clock()
    machine = Machine(most_waiting=0, clock=clock)
    machine.place()
    with pytest.raises(CrowdedError):
        machine.place()
    clock.now = shares.UNBEGUN + 1
    hanging = machine.place()
    assert hanging.wait(0.0)
    machine.most_waiting = 9
    other = machine.place()
    assert not other.wait(0.0)
    clock.now += shares.STUCK + 1
    assert other.wait(0.0)


def test_whoever_is_to_end_does_not_wait_for_another_round() -> None:
    clock = Clock()
    machine = Machine(clock=clock)
    first = machine.place()
    assert first.wait(0.0)
    second = machine.place()
    clock.now = shares.ROUND + 1
    first.rest(lambda: True)
    assert second.wait(0.0)


def test_a_paused_run_leaves_the_machine_to_others_and_has_it_again() -> None:
    machine = Machine()
    slow, other = machine.place(), machine.place()
    assert slow.wait(0.0)
    assert not other.wait(0.0)
    resting = threading.Thread(target=slow.pause, args=(0.5, lambda: False))
    resting.start()
    assert other.wait(0.4), "it is free while the other one rests"
    assert not other.crowded(), "who rests does not want it"
    other.give_back()
    resting.join(5)
    assert slow.since is not None, "it is its own again"


def test_who_is_stopped_does_not_wait_on() -> None:
    machine = Machine()
    assert machine.place().wait(0.0)
    waiting, stopped = machine.place(), threading.Event()
    began = time.monotonic()

    def stop() -> None:
        time.sleep(0.05)
        stopped.set()
        machine.look()

    threading.Thread(target=stop).start()
    assert not waiting.wait(10.0, stopped.is_set)
    assert time.monotonic() - began < 5
