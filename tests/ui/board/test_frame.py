from __future__ import annotations

import json
import string
from dataclasses import replace

import numpy as np
import pytest

from bssdemo.audio.mel import COLUMNS, ROWS
from bssdemo.ui.board.frame import FINE_LEVELS, LEVELS, TERM_NAMES, Frame, chosen, encode
from tests.ui.wire import decode


def frame(sources: int = 2, points: int = 5, residual: bool = False) -> Frame:
    rng = np.random.default_rng(0)
    return Frame(
        status="searching",
        step=17,
        steps=200,
        seconds=1.25,
        duration=23.456,
        names=tuple(f"source {k}" for k in range(sources)),
        weights=(0.8, 0.3, 0.1, 0.4),
        spectrograms=rng.integers(0, LEVELS, (sources + 2 + residual, ROWS, COLUMNS)).astype(np.uint8),
        curve_steps=np.arange(points) * 3,
        curves=rng.normal(size=(sources, len(TERM_NAMES), points)) * [[[1000], [1], [0.01], [1e-6]]],
        total=rng.normal(size=points),
        marks=(6, 9),
        residual=residual,
        stems="refined" if residual else "raw",
    )


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("sources", [1, 2, 4])
def test_decode_undoes_encode(sources: int, residual: bool) -> None:
    sent = frame(sources, residual=residual)
    received = decode(encode(sent))
    np.testing.assert_array_equal(received.spectrograms, sent.spectrograms)
    np.testing.assert_array_equal(received.curve_steps, sent.curve_steps)
    spans = np.ptp(sent.curves, axis=(0, 2), keepdims=True)
    assert np.all(np.abs(received.curves - sent.curves) <= 0.51 * spans / (FINE_LEVELS - 1))
    np.testing.assert_allclose(received.total, sent.total, atol=np.ptp(sent.total) / FINE_LEVELS)
    exact = (
        "status",
        "step",
        "steps",
        "seconds",
        "duration",
        "names",
        "weights",
        "marks",
        "stems",
        "residual",
    )
    for name in (*exact, "recorded"):
        assert getattr(received, name) == getattr(sent, name)


def test_encoding_again_changes_nothing() -> None:
    once = encode(frame())
    assert encode(decode(once)).split("\n")[1] == once.split("\n")[1]


def test_four_sources_a_residual_and_full_curves_stay_below_80_kilobytes() -> None:
    assert len(encode(frame(sources=4, points=64, residual=True)).encode()) < 80_000


def test_after_the_header_there_is_only_the_alphabet() -> None:
    body = encode(frame()).split("\n", 1)[1]
    assert set(body) <= set(string.ascii_letters + string.digits + "+/")


def test_names_cannot_break_out_of_the_header() -> None:
    names = ('</script><b>"', "a\nb")
    text = encode(replace(frame(), names=names))
    assert json.loads(text.split("\n", 1)[0])["names"] == list(names)
    assert decode(text).names == names


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_numbers_become_an_end_of_the_range(value: float) -> None:
    sent = frame()
    total = sent.total.copy()
    total[1] = value
    received = decode(encode(replace(sent, total=total)))
    expected = total[np.isfinite(total)].max() if value == np.inf else total[np.isfinite(total)].min()
    assert received.total[1] == pytest.approx(expected)


def test_a_constant_curve_stays_constant() -> None:
    received = decode(encode(replace(frame(), total=np.full(5, -3.5))))
    np.testing.assert_allclose(received.total, -3.5)


def test_what_falls_by_decades_is_sent_to_within_a_thousandth_of_itself() -> None:
    fallen = np.geomspace(1e3, 1e-2, 9)
    sent = replace(frame(points=9), total=fallen)
    np.testing.assert_allclose(decode(encode(sent)).total, fallen, rtol=2e-3)


def test_a_recording_before_its_search_is_one_picture() -> None:
    levels = np.random.default_rng(0).integers(0, LEVELS, (1, ROWS, COLUMNS)).astype(np.uint8)
    received = decode(encode(chosen(levels, 4.5)))
    assert (received.status, received.names, received.duration) == ("chosen", (), 4.5)
    np.testing.assert_array_equal(received.spectrograms, levels)
