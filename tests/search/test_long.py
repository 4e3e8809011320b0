"""A recording of any length is searched window by window, and every snapshot is about all of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from bssdemo.audio import AudioError, to_search_level
from bssdemo.audio.format import SAMPLES
from bssdemo.audio.windows import cut, lay_out
from bssdemo.search import long
from bssdemo.search.long import for_length, separate_long
from bssdemo.search.pgd import PRESETS, separate

SHORT = replace(PRESETS["balanced"], steps=3, starts=1)


@pytest.fixture
def recording(planted: Tensor) -> Tensor:
    """Two and a half windows of different loudness."""
    return torch.cat([planted[0], 0.01 * planted[1], planted[2, : SAMPLES // 2]])


@pytest.mark.parametrize("samples", [SAMPLES, 9_000])
@pytest.mark.parametrize("starts", [1, 3])
def test_one_window_is_the_plain_search(priors, planted, samples, starts):
    mono = 0.3 * planted[0, :samples]
    config = replace(SHORT, starts=starts)
    filled = torch.nn.functional.pad(mono, (0, SAMPLES - samples))
    mix, gain = to_search_level(filled, 2)
    plain, told = list(separate(mix, priors[:2], config)), list(separate_long(mono, priors[:2], config))
    assert [s.step for s in told] == [s.step for s in plain]
    assert [s.done for s in told] == [s.done for s in plain]
    for one, other in zip(told, plain, strict=True):
        torch.testing.assert_close(one.estimates, other.estimates[:, :samples] / gain, rtol=0, atol=1e-6)
        torch.testing.assert_close(one.total, other.total)
        torch.testing.assert_close(one.terms["spectral"], other.terms["spectral"])


def test_every_snapshot_spans_the_recording(priors, recording):
    told = list(separate_long(recording, priors[:2], SHORT))
    assert [s.step for s in told] == [0, 1, 2, 3]
    assert [s.done for s in told] == [False, False, False, True]
    assert all(s.estimates.shape == (2, len(recording)) and s.steps == 3 for s in told)
    assert told[-1].total < told[0].total


def test_a_long_recording_is_its_windows_side_by_side(priors, recording):
    """Where only one window reaches, the estimates are those it would have alone."""
    layout = lay_out(recording, SAMPLES)
    *_, answer = separate_long(recording, priors[:2], SHORT)
    for number, window in enumerate(cut(recording, layout)):
        *_, alone = separate_long(window, priors[:2], SHORT)
        begin, *later = *layout.starts[number:], len(recording)
        own = slice(begin + layout.fade, later[0])
        expected = alone.estimates[:, layout.fade : layout.fade + own.stop - own.start]
        error = (answer.estimates[:, own] - expected).abs().max()
        assert error < 0.05 * expected.abs().max()


def test_batches_in_turn_give_what_one_batch_gives(priors, recording, monkeypatch):
    *_, together = separate_long(recording, priors[:2], SHORT)
    monkeypatch.setattr(long, "AT_ONCE", 2)  # one window at a time
    told = list(separate_long(recording, priors[:2], SHORT))
    assert told[-1].step == told[-1].steps == 3 * len(lay_out(recording, SAMPLES).starts)
    assert [s.done for s in told] == [False] * (len(told) - 1) + [True]
    assert all(a.step <= b.step and a.elapsed <= b.elapsed for a, b in zip(told, told[1:], strict=False))
    assert told[0].estimates[:, SAMPLES:].eq(0).all()  # not reached yet
    torch.testing.assert_close(told[-1].estimates, together.estimates, rtol=0, atol=1e-2)
    torch.testing.assert_close(told[-1].total, together.total, rtol=1e-3, atol=0)


def test_estimates_follow_the_level_of_the_recording(priors, recording):
    *_, loud = separate_long(recording, priors[:2], SHORT)
    *_, quiet = separate_long(recording / 64, priors[:2], SHORT)
    torch.testing.assert_close(64 * quiet.estimates, loud.estimates, rtol=0, atol=1e-2)


def test_a_quiet_passage_is_explained_as_carefully_as_a_loud_one(priors, planted):
    """The same sound twice, far apart, the second time at a hundredth of the level."""
    gap = torch.zeros(2 * SAMPLES)
    mono = torch.cat([planted[0], gap, planted[0], gap])
    quiet = torch.cat([planted[0], gap, 0.01 * planted[0], gap])
    second = slice(3 * SAMPLES, 4 * SAMPLES)
    *_, answer = separate_long(mono, priors[:2], SHORT)
    *_, other = separate_long(quiet, priors[:2], SHORT)
    if lay_out(mono, SAMPLES) == lay_out(quiet, SAMPLES):
        torch.testing.assert_close(
            100 * other.estimates[:, second], answer.estimates[:, second], rtol=0, atol=0.02
        )
    errors = [
        (quiet - other.estimates.sum(0))[place].norm() / quiet[place].norm()
        for place in (slice(0, SAMPLES), second)
    ]
    assert errors[1] < 1.5 * errors[0]


def test_silent_windows_are_not_searched_and_stay_silent(priors, planted, monkeypatch):
    sizes: list[int] = []

    def watched(mix, *args, **options):
        sizes.append(len(mix))
        return separate(mix, *args, **options)

    monkeypatch.setattr(long, "separate", watched)
    mono = torch.cat([planted[0], torch.zeros(4 * SAMPLES), planted[1]])
    *_, answer = separate_long(mono, priors[:2], SHORT)
    assert sum(sizes) < len(lay_out(mono, SAMPLES).starts)
    assert answer.estimates[:, 2 * SAMPLES : 4 * SAMPLES].eq(0).all()
    assert answer.estimates[:, 5 * SAMPLES :].abs().max() > 0


def test_stop_ends_at_once_with_what_there_is(priors, recording, monkeypatch):
    monkeypatch.setattr(long, "AT_ONCE", 4)
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 2

    told = list(separate_long(recording, priors[:2], replace(SHORT, steps=50), stop=stop))
    assert told[-1].done
    assert told[-1].step == 2
    assert told[-1].estimates.shape == (2, len(recording))


def test_a_long_recording_is_searched_from_one_start_and_a_short_one_as_asked():
    config = replace(PRESETS["balanced"], starts=3, explore=2, steps=5000)
    assert for_length(config, long.LONG) == config
    longer = for_length(config, long.LONG + 1)
    assert (longer.starts, longer.explore, longer.steps) == (1, None, long.LONG_STEPS)
    assert for_length(replace(config, steps=7), 10 * long.LONG).steps == 7


def test_silence_and_nothing_to_look_for_are_refused_at_the_call(priors):
    with pytest.raises(AudioError, match="silent"):
        separate_long(torch.zeros(40_000), priors[:1])
    with pytest.raises(ValueError, match="at least one source"):
        separate_long(torch.randn(40_000, generator=torch.Generator().manual_seed(0)), [])
