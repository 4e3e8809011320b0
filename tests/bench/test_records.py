"""Results to disk and back, and how values are added to them."""

import json
import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bssdemo.bench.records import Record, RecordError, Results, read, rounded, write


def record(*values: float | None, method: str = "raw", metric: str = "sir", seconds: float = 1.0) -> Record:
    return Record("digit,piano", method, "digit", metric, values, seconds)


def results(*records: Record) -> Results:
    return Results(
        {"sources": ["digit", "piano"], "seed": 0}, {"digit": "ab"}, ({"threads": 1},), tuple(records)
    )


def test_results_survive_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    kept = results(record(1.5, None, -2.0), record(0.12345, metric="envelope_distance"))
    write(file, kept)
    assert read(file) == kept
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    data = json.loads(file.read_text())
    assert data.keys() == {"format", "settings", "fingerprints", "runs", "records"}
    assert data["records"][0] == {
        "method": "raw", "stem": "digit", "metric": "sir",
        "mean": -0.25, "median": -0.25, "n": 2, "seconds": 1.0, "values": [1.5, None, -2.0],
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["{", "{}", '[{"mean": 1}]', '{"format": 2}', '{"format": 2, "settings": {}, "records": [3]}']
)
def test_a_file_that_is_no_result_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text)
    with pytest.raises(RecordError, match=r"bad\.json"):
        read(file)
    with pytest.raises(RecordError, match=r"none\.json"):
        read(tmp_path / "none.json")


GOOD = {
    "format": 2, "settings": {"sources": ["digit", "piano"]}, "fingerprints": {}, "runs": [],
    "records": [{"method": "raw", "stem": "digit", "metric": "sir", "values": [1.0, None], "seconds": 0.5}],
}  # fmt: skip
WRONG = {
    "settings": 3, "fingerprints": [], "runs": {"a": 1}, "records": 7,
    "settings.sources": 5, "settings.sources.0": 4, "runs.0": "x", "records.0": None,
    "records.0.method": 2, "records.0.values": "abc", "records.0.values.0": "loud", "records.0.seconds": "1",
}  # fmt: skip


@pytest.mark.parametrize("place", WRONG)
def test_a_value_of_a_wrong_type_is_refused_by_the_files_name(tmp_path: Path, place: str) -> None:
    file = tmp_path / "typed.json"
    file.write_text(json.dumps(GOOD))
    assert read(file).records[0].values == (1.0, None)
    broken = {**json.loads(json.dumps(GOOD)), "runs": [{}]}
    *way, last = (int(part) if part.isdecimal() else part for part in place.split("."))
    holder = broken
    for part in way:
        holder = holder[part]
    holder[last] = WRONG[place]
    file.write_text(json.dumps(broken))
    with pytest.raises(RecordError, match=r"typed\.json"):
        read(file)


def test_mean_median_and_count_leave_out_what_has_no_score() -> None:
    some, none = record(1.0, 2.0, 6.0, None, 11.0), record(None, None)
    assert (some.mean, some.median, some.n) == (5.0, 4.0, 4)
    assert (none.mean, none.median, none.n) == (None, None, 0)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=9), st.data())
def test_values_added_in_two_parts_are_the_values_of_one(values: list[float], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(values) - 1))
    parts = record(*values[:cut], seconds=1.0), record(*values[cut:], seconds=3.0)
    got = results().extended([parts[0]]).extended([parts[1]]).records[0]
    assert got.values == tuple(values)
    assert got.mean == statistics.fmean(values)
    assert got.seconds == pytest.approx((cut + 3 * (len(values) - cut)) / len(values))


def test_methods_have_counts_of_their_own() -> None:
    kept = results(record(1.0, 2.0)).extended([record(None, method="nmf")])
    assert [kept.done(method) for method in ("raw", "nmf", "dap")] == [2, 1, 0]
    assert kept.sources == "digit,piano"


def test_values_are_rounded_to_what_a_reader_can_use() -> None:
    assert rounded(1.23456, "sir") == 1.235
    assert rounded(0.0123456, "envelope_distance") == 0.01235
    assert rounded(float("nan"), "sir") is None
    assert rounded(float("-inf"), "si_sdr") == -300.0
