"""What a visitor meets on the page: nothing is lost, nothing of one thing stops another, and choices hold."""

from __future__ import annotations

import gc
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
import torch
from jaxtyping import Float
from torch import Tensor

from bssdemo import audio
from bssdemo.checkpoints import hub
from bssdemo.models.wavegan import Generator
from bssdemo.search import long
from bssdemo.separation import METHODS, Controls, Method, Networks, Setup, files, forecast, heard, networks
from bssdemo.separation.pictures.sets import PictureSets
from bssdemo.snapshot import Snapshot
from bssdemo.ui import session
from bssdemo.ui.board import term_shares
from bssdemo.ui.compare.layout import OURS
from bssdemo.ui.page import page
from bssdemo.ui.session import Turns
from tests.ui.visitor import Visitor
from tests.ui.wire import decode

AUDIO, COMPARE = "audio.events", "compare.events"


def steady(mix: Float[Tensor, "*batch samples"], setup: Setup, controls: Controls) -> Iterator[Snapshot]:
    """A method of a thousand steps that gives everybody a share of the mixture."""
    count = len(setup.sources)
    shares = mix.expand(count, -1) / count * torch.arange(1, count + 1)[:, None]
    for step in range(1001):
        done = step == 1000 or bool(controls.stop and controls.stop())
        yield Snapshot(step, 1000, {}, torch.tensor(0.0), shares, 0.01 * step, done)
        if done:
            return


STEADY = Method("Steady shares", "Gives everybody a share of everything.", steady)


@pytest.fixture(scope="module")
def turns() -> Turns:
    return Turns()


@pytest.fixture(scope="module")
def blocks(loaded: Networks, turns: Turns) -> Iterator[gr.Blocks]:
    """The page, with one separator more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, "steady", STEADY)
        yield page(loaded, PictureSets({}, ()), turns)


@pytest.fixture
def visitor(
    blocks: gr.Blocks,
    turns: Turns,
    tone_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Visitor]:
    """One who has brought two tones and ticked two sources."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    one = Visitor(blocks, request.node.name)
    one.sets("mixture", str(tone_file))
    for label in ("spoken digits", "piano"):
        one.sets(one.labelled(label), True)
    one.sets(one.labelled("Steps"), 10)
    yield one
    one.does(AUDIO, "leave")
    assert len(turns) == 0


def separate(visitor: Visitor) -> None:
    visitor.does(AUDIO, "announce")
    visitor.does(AUDIO, "run")


def compare(visitor: Visitor, *methods: str) -> None:
    visitor.sets("methods", list(methods))
    visitor.does(COMPARE, "announce")
    visitor.does(COMPARE, "run")


def folders() -> set[str]:
    gc.collect()
    return {path.name for path in Path(tempfile.gettempdir()).glob("bssdemo-*")}


def test_an_id_stands_once_on_the_page(blocks: gr.Blocks) -> None:
    identities = Counter(
        component["props"]["elem_id"]
        for component in blocks.config["components"]
        if component["props"].get("elem_id")
    )
    assert [name for name, times in identities.items() if times > 1] == []
    assert identities["board"] == 1


def test_a_recording_is_decoded_and_laid_out_once(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, tone_file: Path
) -> None:
    """For the forecast, the announcement and the run."""
    calls: list[str] = []
    owners = ((heard.audio, "read"), (heard, "lay_out"), (long, "lay_out"), (term_shares, "lay_out"))
    for owner, name in owners:
        function = getattr(owner, name)
        monkeypatch.setattr(
            owner,
            name,
            lambda *given, function=function, name=name: (calls.append(name), function(*given))[1],
        )
    visitor.does(AUDIO, "choose")
    separate(visitor)
    separate(visitor)
    assert sorted(calls) == ["lay_out", "read"]
    tone_file.touch()
    visitor.does(AUDIO, "choose")
    assert calls.count("read") == 2, "it has changed since"


def test_only_the_last_visitors_recordings_are_kept(tone_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST_RECORDINGS", 3)
    recordings = session.Recordings()
    for number in range(10):
        recordings.heard(str(number), str(tone_file))
    assert len(recordings) == 3
    recordings.forget("9")
    assert len(recordings) == 2


def test_recordings_are_bounded_in_bytes_too_and_the_last_one_stays(
    tone_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = session.Recordings()
    heard = recordings.heard("first", str(tone_file))
    size = heard.recording.samples.nbytes + heard.mono.nbytes
    monkeypatch.setattr(session, "MOST_DECODED", 2.5 * size)
    for number in range(5):
        recordings.heard(str(number), str(tone_file))
    assert len(recordings) == 2
    monkeypatch.setattr(session, "MOST_DECODED", 0.0)
    recordings.heard("last", str(tone_file))
    assert len(recordings) == 1
    monkeypatch.setattr(session, "decoded", lambda _: pytest.fail("it was kept"))
    recordings.heard("last", str(tone_file))


def test_a_large_recording_waits_until_there_is_memory_and_a_small_one_never(
    tone_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gc.collect()
    held = [session.decoded(str(tone_file))]
    size = held[0].recording.samples.nbytes + held[0].mono.nbytes
    monkeypatch.setattr(session, "_live", weakref.WeakSet(held))
    monkeypatch.setattr(session, "MOST_LIVE", 2.5 * size)
    held += [session.decoded(str(tone_file)) for _ in range(3)]
    monkeypatch.setattr(session, "LARGE", size - 1)
    with pytest.raises(ValueError, match="Other large recordings"):
        session.decoded(str(tone_file))
    del held[1:]
    gc.collect()
    held.append(session.decoded(str(tone_file)))


def test_a_file_that_cannot_be_read_leaves_the_one_before_alone(tone_file: Path, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    recordings = session.Recordings()
    before = recordings.heard("a", str(tone_file))
    with pytest.raises(audio.AudioError):
        recordings.heard("a", str(tmp_path / "text.wav"))
    assert recordings.heard("a", str(tone_file)).mono.equal(before.mono)


def test_nothing_is_cleared_before_a_run_begins_and_a_refused_visitor_is_told(
    visitor: Visitor, turns: Turns
) -> None:
    separate(visitor)
    compare(visitor, "pca")
    outcome, download = visitor.value("comparison"), visitor.value("download")
    before = dict(visitor.values), dict(visitor.shown)
    visitor.does(AUDIO, "announce")
    message = visitor.by_id["message"]
    assert "Waiting" in visitor.value(message)
    visitor.does(AUDIO, "refuse")
    assert "Too many visitors" in visitor.value(message)
    assert {**visitor.values, message: None} == {**before[0], message: None}
    assert visitor.shown == before[1]
    assert (visitor.value("comparison"), visitor.value("download")) == (outcome, download)
    assert not turns.current(visitor.name, "search"), (
        "a stop or a slider must not find a run that never began"
    )


def test_a_full_queue_is_told_in_every_way_to_wait(visitor: Visitor) -> None:
    """Gradio answers a full queue with a failure of the event that was to wait: each one has its listener."""
    events = visitor.blocks.fns
    told = {one.trigger_after for one in events.values() if one.trigger_only_on_failure}
    waiting = {
        number: f"{one.fn.__module__}.{one.fn.__name__}"
        for number, one in events.items()
        if one.queue is not False and one.fn and one.api_visibility != "public"
    }
    ours = {
        number: name
        for number, name in waiting.items()
        if ".pictures." not in name and not name.endswith(".leave") and not name.startswith("gradio.")
    }  # who leaves does not wait
    assert {name.rpartition(".")[2] for name in ours.values()} >= {"run", "replay", "score"}
    assert {name for number, name in ours.items() if number not in told} == set()


def test_the_switchs_choice_holds_for_the_next_result(visitor: Visitor) -> None:
    separate(visitor)
    visitor.sets("stems", "raw")
    visitor.does(AUDIO, "switch")
    assert decode(visitor.value("board")).stems == "raw"
    separate(visitor)
    assert visitor.value("stems") == "raw"
    assert decode(visitor.value("board")).stems == "raw"
    assert played(visitor)[1].parent.name == "raw"


def test_switched_while_waiting_is_what_the_result_shows(visitor: Visitor) -> None:
    separate(visitor)
    visitor.does(AUDIO, "announce")
    visitor.sets("stems", "raw")
    visitor.does(AUDIO, "switch")
    visitor.does(AUDIO, "run")
    assert (visitor.value("stems"), decode(visitor.value("board")).stems) == ("raw", "raw")


def test_a_separator_added_by_one_line_is_offered_drawn_heard_and_scored(visitor: Visitor) -> None:
    visitor.does(AUDIO, "show")  # the first example: its true sources are known
    boxes = visitor.by_id["methods"]
    assert ("Steady shares", "steady") in [tuple(choice) for choice in boxes.choices]
    compare(visitor, "steady")
    row = board_of(visitor, "Steady shares")
    frame = decode(visitor.value(row))
    assert (frame.status, frame.step) == ("done", 1000)
    assert frame.names == ("nearest to spoken digits", "nearest to piano")
    assert "Steady shares" in visitor.value("scores")
    left = visitor.handler(COMPARE, "score").inputs[1]
    (answer,) = visitor.value(left).answers.values()
    for file, estimate in zip(answer.files, answer.estimates, strict=True):
        torch.testing.assert_close(audio.read(file).samples[0], estimate, atol=1e-4, rtol=0)


def test_a_separator_added_by_one_line_answers_clients_too(visitor: Visitor, tone_file: Path) -> None:
    """Its files are those that the command writes as raw estimates."""
    endpoint = visitor.handler("programs.endpoints", "compare").fn
    request = gr.Request(session_hash=visitor.name)
    for told, found in endpoint(request, str(tone_file), "steady", "3"):
        last = told
        names = [Path(file).name for file in found or [] if Path(file).is_file()]
    assert (last["status"], last["step"]) == ("done", 1000)
    assert names == ["component-1.wav", "component-2.wav", "component-3.wav"]


def board_of(visitor: Visitor, title: str) -> gr.HTML:
    return next(
        block
        for block in visitor.blocks.blocks.values()
        if isinstance(block, gr.HTML) and f'aria-label="{title}"' in str(block.html_template)
    )


def test_the_switch_leaves_a_comparison_alone(visitor: Visitor) -> None:
    separate(visitor)
    visitor.sets("methods", ["steady"])
    visitor.does(COMPARE, "announce")
    going = visitor.starts(COMPARE, "run")
    for _ in range(3):
        next(going)
    visitor.sets("stems", "raw")
    visitor.does(AUDIO, "switch")
    list(going)
    assert "Done" in visitor.value("comparison-message")
    assert decode(visitor.value(board_of(visitor, "Steady shares"))).status == "done"


@pytest.mark.parametrize("module", [AUDIO, COMPARE])
def test_both_stop_buttons_end_a_comparison_which_delivers_what_it_has(visitor: Visitor, module: str) -> None:
    separate(visitor)
    visitor.sets("methods", ["pca", "steady"])
    visitor.does(COMPARE, "announce")
    going = visitor.starts(COMPARE, "run")
    row = board_of(visitor, "Steady shares")
    while not visitor.value(row):
        next(going)
    visitor.does(module, "halt")
    list(going)
    frame = decode(visitor.value(row))
    assert frame.status == "stopped"
    assert frame.step < 1000
    assert "this is what there is so far" in visitor.value("comparison-message")


def test_the_comparisons_own_stop_leaves_a_search_alone(visitor: Visitor, turns: Turns) -> None:
    turn = turns.announce(visitor.name, "search")
    other = turns.announce(visitor.name, "comparison")
    visitor.does(COMPARE, "halt")
    assert (turn.stopped, other.stopped) == (False, True)


def test_a_comparison_ends_after_its_longest_time(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    separate(visitor)
    monkeypatch.setattr(forecast, "LONGEST_RUN", 0.0)
    monkeypatch.setattr(forecast, "LONGEST_RUN_PER_SECOND", 0.0)
    compare(visitor, "steady")
    frame = decode(visitor.value(board_of(visitor, "Steady shares")))
    assert frame.status == "time limit"
    assert frame.step < 1000


def test_a_search_that_is_announced_ends_the_comparison_of_the_run_before(
    visitor: Visitor, turns: Turns
) -> None:
    separate(visitor)
    turn = turns.announce(visitor.name, "comparison")
    visitor.does(AUDIO, "announce")
    assert turn.stopped
    assert not turn.dropped, "what it has found is shown until the search begins"


@pytest.mark.parametrize("what", ["write_sounds", "write_estimates"])
def test_a_failing_write_leaves_nothing_behind(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    separate(visitor)
    before = folders()
    assert len(before) == 1

    def full(*given: object) -> None:
        raise OSError("no space left on device")

    home = files if what == "write_sounds" else __import__("bssdemo.ui.compare.run", fromlist=["run"])
    monkeypatch.setattr(home, what, full)
    if what == "write_sounds":
        separate(visitor)
        assert "broke off" in visitor.value("message")
        assert not folders()  # the run before was cleared when this one began
    else:
        compare(visitor, "pca")
        assert "broke off" in visitor.value("comparison-message")
        assert folders() == before


def test_files_of_a_run_go_when_the_visitor_resets(visitor: Visitor) -> None:
    separate(visitor)
    compare(visitor, "pca")
    assert len(folders()) == 2
    visitor.does(AUDIO, "reset")
    assert not folders()
    assert visitor.value("board") == ""


def test_a_visitor_who_leaves_leaves_nothing(visitor: Visitor, turns: Turns) -> None:
    visitor.does(AUDIO, "announce")
    assert len(turns) == 1
    visitor.does(AUDIO, "leave")
    assert len(turns) == 0


def test_a_dropped_search_delivers_nothing(visitor: Visitor, turns: Turns) -> None:
    visitor.does(AUDIO, "announce")
    going = visitor.starts(AUDIO, "run")
    next(going)
    turns.leave(visitor.name, "search")
    list(going)
    assert not visitor.shown[visitor.by_id["stems"]]
    assert not folders()


def test_a_slider_acts_in_mid_run(visitor: Visitor) -> None:
    visitor.sets(visitor.labelled("Steps"), 2000)
    visitor.does(AUDIO, "announce")
    going = visitor.starts(AUDIO, "run")
    next(going)
    visitor.sets("beta-1", 1.75)
    visitor.does(AUDIO, "retune")
    next(going)
    assert decode(visitor.value("board")).weights[0] == 1.75
    visitor.does(AUDIO, "halt")
    list(going)
    assert decode(visitor.value("board")).status == "stopped"
    assert "these are the stems so far" in visitor.value("message")


def played(visitor: Visitor) -> list[Path]:
    """The files that the mixer plays: the mixture, the stems, the residual."""
    return [Path(track["file"]["path"]) for track in visitor.value("stage-mixer")["tracks"]]


@pytest.mark.parametrize("label", ["drums/bass", "mixture", "../up", "residual"])
def test_whatever_a_prior_is_called_its_stem_has_a_file_of_its_own(
    tmp_path: Path, tone_file: Path, turns: Turns, label: str
) -> None:
    name = label if "/" not in label else "odd"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        hub.save(tmp_path / name, Generator(model_size=4), {"name": name, "label": label})
    found = networks.everything(tmp_path)
    only = replace(found, priors={name: found.priors[name]}, unmixers=())
    visitor = Visitor(page(only, PictureSets({}, ()), turns))
    visitor.sets("mixture", str(tone_file))
    visitor.sets(next(one for one in visitor.blocks.blocks.values() if isinstance(one, gr.Checkbox)), True)
    visitor.sets(visitor.labelled("Steps"), 10)
    separate(visitor)
    mixture, stem, _ = played(visitor)
    assert stem.parent == mixture.parent
    assert stem != mixture
    given = audio.read(tone_file).samples
    scale = float((audio.read(mixture).samples * given).sum() / given.square().sum())
    torch.testing.assert_close(audio.read(mixture).samples, scale * given, atol=1e-4, rtol=0)


def test_ours_is_shown_beside_the_others(visitor: Visitor) -> None:
    separate(visitor)
    compare(visitor, "nmf", "pca")
    assert decode(visitor.value(board_of(visitor, OURS))).stems == "refined"
    left = visitor.value(visitor.handler(COMPARE, "score").inputs[1])
    assert list(left.answers) == ["pca", "nmf"]
