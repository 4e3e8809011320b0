"""What is published of a folder of results, whatever state it is in."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import pytest

from bssdemo.bench.combinations import LABELS
from bssdemo.bench.published import NOTHING, command, tables
from bssdemo.bench.records import Record, Results, read, write
from bssdemo.commands import bench_audio

PLAIN = {
    "sources": ["digit", "piano"], "split": "test", "seed": 0, "gain_range": 0.0, "preset": "balanced",
    "steps": None, "starts": None, "start": None, "gain": None, "without": [], "label": None,
}  # fmt: skip


def results(mean: float, **settings: object) -> Results:
    records = [
        Record("digit,piano", "raw", stem, metric, (mean - 1, mean + 1), 0.5)
        for metric in LABELS
        for stem in ("digit", "piano")
    ]
    return Results(PLAIN | settings, records=tuple(records))


def test_an_empty_or_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    assert tables(tmp_path) == NOTHING
    assert tables(tmp_path / "nowhere") == NOTHING


def test_tables_labelled_runs_and_commands_of_every_readable_file(tmp_path: Path) -> None:
    write(tmp_path / "a.json", results(12.34))
    write(tmp_path / "b.json", results(23.45, label=["losses/all"], without=["spectral"]))
    (tmp_path / "c.json").write_text("no JSON")
    text = tables(tmp_path)
    assert "12.34" in text
    assert "23.45" in text
    assert "losses" in text
    assert "c.json: is not valid JSON" in text
    assert str(tmp_path) not in text
    assert text.count("python -m bssdemo bench audio") == 2


def test_results_that_contradict_each_other_are_a_sentence(tmp_path: Path) -> None:
    write(tmp_path / "a.json", results(1.0))
    write(tmp_path / "b.json", results(2.0))
    assert tables(tmp_path).startswith("The results cannot be shown together")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {
            "seed": 3,
            "preset": "paper",
            "gain_range": 12.0,
            "label": ["two words", "and/others"],
            "without": ["spectral", "frequency"],
        },
    ],
)
def test_a_command_asks_for_the_settings_of_its_file(settings: dict[str, object], tmp_path: Path) -> None:
    write(tmp_path / "a.json", results(1.0, **settings))
    words = shlex.split(command(read(tmp_path / "a.json"), "a.json"))
    assert words[:5] == ["python", "-m", "bssdemo", "bench", "audio"]
    parser = argparse.ArgumentParser()
    bench_audio.add_arguments(parser)
    asked = vars(parser.parse_args(words[5:]))
    assert (asked["sources"], asked["mixtures"], asked["methods"]) == ("digit,piano", 2, "raw")
    for name in set(PLAIN) - {"sources"}:
        assert asked[name] == (PLAIN | settings)[name], name
