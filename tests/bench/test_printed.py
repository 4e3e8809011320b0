"""The commands that docs/results/commands.md lists: complete, without contradictions, and they run."""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bssdemo.baselines import dap
from bssdemo.bench import paper, tables
from bssdemo.bench.combinations import grouped
from bssdemo.bench.records import read
from bssdemo.commands import bench_audio
from bssdemo.separation.methods import METHODS
from tests.bench.printed import PAGE, commands, shortened

PRINTED = [words[1:] for words in commands() if words[0] == "audio"]
PEOPLE = [words for words in PRINTED if "--people" in words]
AUDIO = [words for words in PRINTED if words not in PEOPLE]


def parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    bench_audio.add_arguments(parser)
    return parser.parse_args(words)


def test_there_is_one_for_every_table_and_ablation() -> None:
    asked = [parsed(words) for words in AUDIO]
    assert {tuple(one.sources.split(",")) for one in asked} == {
        *paper.TABLES,
        ("digit",),
        ("piano",),
        ("drums",),
    }
    assert len({one.json for one in asked}) == len(asked)
    for method, fewest in (("raw", 300), ("nmf", 1000), ("paper", 200), ("dap", 20)):
        usual = [
            one for one in asked if method in one.methods.split(",") and one.gain_range == 0 and not one.label
        ]
        assert {tuple(one.sources.split(",")) for one in usual if one.mixtures >= fewest} >= set(paper.TABLES)
    rows = [label for one in asked for label in one.label or ()]
    assert len(set(rows)) == len(rows)
    for table in ("losses", "losses, 40 steps from z = 0"):
        assert {
            f"{table}/{row}" for row in ("all", *(f"without {term}" for term in bench_audio.LOSSES))
        } <= set(rows)
    assert {
        "start/z = 0",
        "start/random",
        "objective/paper",
        "objective/reference",
        "objective/balanced",
    } <= set(rows)
    for one in asked:
        for label in one.label or ():
            assert [label.rpartition("without ")[2]] == one.without or not one.without


def test_there_is_one_for_every_mixture_that_people_bring() -> None:
    assert {tuple(sorted(parsed(words).sources.split(","))) for words in PEOPLE} == {
        ("piano", "speech"), ("drums", "speech"), ("guitar", "speech"), ("bass", "drums"), ("drums", "piano"),
        ("bass", "guitar"), ("piano", "strings"), ("bass", "drums", "speech"),
    }  # fmt: skip
    assert len({parsed(words).json for words in PEOPLE}) == len(PEOPLE)


def test_the_pages_have_a_place_for_their_tables() -> None:
    for name, page in (("tables", "audio.md"), ("tables", "people.md"), ("ablations", "ablations.md")):
        text = (PAGE.parent / page).read_text(encoding="utf-8")
        assert "new tables" in tables.insert(text, "new tables", name)


@pytest.mark.parametrize("words", AUDIO, ids=lambda words: Path(words[words.index("--json") + 1]).stem)
def test_each_runs(words: list[str], tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As printed, with the shipped networks, but on tones, for a step and a mixture."""
    quick = partial(dap.separate, config=dap.DapConfig(steps=1))
    one_step = replace(METHODS["dap"], separate=lambda mix, setup, controls: quick(mix, len(setup.sources)))
    monkeypatch.setitem(METHODS, "dap", one_step)
    asked = parsed([*shortened(words, 1, tmp_path), "--data", str(tones), "--steps", "1"])
    assert bench_audio.run(asked) == 0
    (group,) = grouped([read(asked.json)])
    assert set(group.methods) == set(asked.methods.split(","))
    assert {len(record.values) for record in group.cells.values()} == {1}
