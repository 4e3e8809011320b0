from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from bssdemo.search.objective import Weights
from bssdemo.ui.audience import PATIENCE, Audience
from bssdemo.ui.session import Turns, writing

WEIGHTS = Weights(1.0, 2.0, 3.0, 4.0)


def test_a_visitors_stop_and_weights_reach_only_their_turn() -> None:
    turns = Turns()
    going = {visitor: turns.announce(visitor, "search") for visitor in map(str, range(10))}
    turns.stop("3")
    current = turns.current("5", "search")
    assert current is not None
    current.weights = WEIGHTS
    assert [visitor for visitor, turn in going.items() if turn.stopped] == ["3"]
    assert [visitor for visitor, turn in going.items() if turn.weights == WEIGHTS] == ["5"]


def test_activities_of_one_visitor_are_stopped_and_dropped_apart() -> None:
    turns = Turns()
    search, replay = turns.announce("a", "search"), turns.announce("a", "replay")
    comparison, picture = turns.announce("a", "comparison"), turns.announce("a", "picture")
    turns.stop("a", "replay")
    turns.leave("a", "comparison")
    assert [turn.stopped for turn in (search, replay, comparison, picture)] == [False, True, True, False]
    assert [turn.dropped for turn in (search, replay, comparison, picture)] == [False, False, True, False]
    turns.leave("a")
    assert all(turn.dropped for turn in (search, replay, comparison, picture))
    assert len(turns) == 0


def test_stopped_delivers_dropped_does_not() -> None:
    turns = Turns()
    stopped, dropped = turns.announce("a", "search"), turns.announce("b", "search")
    turns.stop("a")
    turns.leave("b")
    assert (stopped.stopped, stopped.dropped) == (True, False)
    assert (dropped.stopped, dropped.dropped) == (True, True)


def test_a_turn_is_taken_once_however_many_events_try() -> None:
    turns = Turns()
    turns.announce("a", "search")

    def take(_: int) -> bool:
        with turns.taken("a", "search") as turn:
            return turn is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(64))) == 1


def test_announcing_again_drops_the_turn_before_whose_end_leaves_the_new_one_alone() -> None:
    turns = Turns()
    first = turns.announce("a", "search")
    with turns.taken("a", "search"):
        second = turns.announce("a", "search")
        assert first.dropped
        assert not second.stopped
    assert turns.current("a", "search") is second


def test_stop_acts_on_a_turn_that_still_waits() -> None:
    turns = Turns()
    turns.announce("a", "search")
    turns.stop("a", "search")
    with turns.taken("a", "search") as turn:
        assert turn is not None
        assert turn.stopped


def test_nothing_is_left_behind_also_by_a_turn_that_fails() -> None:
    turns = Turns()
    for number in range(100):
        visitor = str(number)
        turns.announce(visitor, "search")
        if number % 2:
            with suppress(RuntimeError), turns.taken(visitor, "search"):
                raise RuntimeError
        else:
            turns.leave(visitor)
        turns.stop(visitor)
    assert len(turns) == 0


def fail(places: list[Path]) -> None:
    with writing() as folder:
        places.append(folder.path)
        (folder.path / "half.wav").write_bytes(b"RIFF")
        raise OSError("no space left on device")


def test_files_live_as_long_as_somebody_holds_their_folder_and_no_longer() -> None:
    with writing() as folder:
        (folder.path / "whole.wav").write_bytes(b"RIFF")
    path = folder.path
    assert (path / "whole.wav").is_file()
    del folder
    gc.collect()
    assert not path.exists()


def test_a_write_that_fails_leaves_nothing() -> None:
    places: list[Path] = []
    with pytest.raises(OSError, match="no space"):
        fail(places)
    assert not places[0].exists()


def test_visitors_of_one_stream_are_present_as_long_as_it_is_open() -> None:
    """Gradio's MCP server fetches for all of its clients over one stream."""
    now = [0.0]
    audience = Audience(lambda: now[0])
    audience.serve()
    turns = Turns(audience=audience)
    audience.opened("shared")
    calls = [turns.announce(f"shared/{call}", "search", stream="shared") for call in range(2)]
    now[0] = 2 * PATIENCE
    assert [call.absent() for call in calls] == [False, False]
    audience.closed("shared", 0)
    now[0] = 4 * PATIENCE
    assert [call.absent() for call in calls] == [True, True]
