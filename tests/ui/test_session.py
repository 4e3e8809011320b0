from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bssdemo.search.objective import Weights
from bssdemo.ui.session import Sessions

WEIGHTS = Weights(1.0, 2.0, 3.0, 4.0)


def test_a_visitors_stop_and_weights_reach_only_their_run() -> None:
    sessions = Sessions()
    runs = {visitor: sessions.announce(visitor) for visitor in map(str, range(10))}
    sessions.stop("3")
    current = sessions.current("5")
    assert current is not None
    current.weights = WEIGHTS
    assert [visitor for visitor, run in runs.items() if run.stopped] == ["3"]
    assert [visitor for visitor, run in runs.items() if run.weights == WEIGHTS] == ["5"]


def test_stopped_delivers_dropped_does_not() -> None:
    sessions = Sessions()
    stopped, dropped = sessions.announce("a"), sessions.announce("b")
    sessions.stop("a")
    sessions.leave("b")
    assert (stopped.stopped, stopped.dropped) == (True, False)
    assert (dropped.stopped, dropped.dropped) == (True, True)


def test_a_run_is_claimed_once_however_many_events_try() -> None:
    sessions = Sessions()
    sessions.announce("a")
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: sessions.claim("a"), range(64)))
    assert sum(claim is not None for claim in claims) == 1


def test_announcing_again_drops_the_run_before() -> None:
    sessions = Sessions()
    first = sessions.announce("a")
    sessions.claim("a")
    second = sessions.announce("a")
    assert first.dropped
    assert not second.stopped
    sessions.end("a", first)  # the old run's end must not take the new one along
    assert sessions.current("a") is second


def test_stop_acts_on_a_run_that_still_waits() -> None:
    sessions = Sessions()
    sessions.announce("a")
    sessions.stop("a")
    claimed = sessions.claim("a")
    assert claimed is not None
    assert claimed.stopped


def test_nothing_is_left_behind() -> None:
    sessions = Sessions()
    for number in range(100):
        visitor = str(number)
        sessions.announce(visitor)
        if number % 2:
            session = sessions.claim(visitor)
            assert session is not None
            sessions.end(visitor, session)
        else:
            sessions.leave(visitor)
        sessions.stop(visitor)
    assert len(sessions) == 0
