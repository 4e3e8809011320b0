"""`bench audio` end to end on synthetic recordings and checkpoints with random weights."""

import argparse
import json
from pathlib import Path

import pytest
import torch

from bssdemo import hub
from bssdemo.evaluation import bench, paper, tables
from bssdemo.models.wavegan import Generator


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    for name in ("digit", "piano"):
        hub.save(folder / name, Generator(model_size=1, latent_size=4), {"name": name, "label": name})
    return folder


def parsed(*words: str | Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def bench_json(tones: Path, checkpoints: Path, file: Path, *more: str) -> list[dict]:
    common = (
        "--data",
        tones,
        "--checkpoints",
        checkpoints,
        "--mixtures",
        "3",
        "--steps",
        "2",
        "--json",
        file,
    )
    assert bench.run(parsed(*common, *more)) == 0
    return json.loads(file.read_text())


def test_records_and_printed_tables(tones: Path, checkpoints: Path, tmp_path: Path, capsys) -> None:
    rows = bench_json(tones, checkpoints, tmp_path / "r.json", "--sources", "digit,piano", "--batch", "2")
    assert {tuple(row) for row in rows} == {
        ("sources", "method", "stem", "metric", "mean", "median", "n", "seconds")
    }
    found = {(row["method"], row["stem"], row["metric"]) for row in rows}
    metrics = ("spectral_snr", "envelope_distance", "sir")
    methods = ("raw", "refined", "mixture", "oracle")
    assert found == {(m, s, q) for m in methods for s in ("digit", "piano") for q in metrics}
    assert len(rows) == len(found)
    assert {(row["sources"], row["n"]) for row in rows} == {("digit,piano", 3)}
    printed = capsys.readouterr()
    for words in ("Spectral SNR (dB), higher is better", "paper, proposed", "1.06", "of 2,"):
        assert words in printed.out
    assert "mixtures" in printed.err  # the progress bar


def test_the_same_command_gives_the_same_values(tones: Path, checkpoints: Path, tmp_path: Path) -> None:
    words = ("--sources", "digit,piano", "--starts", "2", "--methods", "raw")
    first, again = (bench_json(tones, checkpoints, tmp_path / name, *words) for name in ("a", "b"))
    assert [row["mean"] for row in first] == [row["mean"] for row in again]
    other = bench_json(tones, checkpoints, tmp_path / "c", *words, "--seed", "1")
    assert [row["mean"] for row in first] != [row["mean"] for row in other]


def test_one_source_twice(tones: Path, checkpoints: Path, tmp_path: Path) -> None:
    rows = bench_json(tones, checkpoints, tmp_path / "r.json", "--sources", "digit,digit")
    assert {row["stem"] for row in rows} == {"digit-1", "digit-2"}
    assert {row["sources"] for row in rows} == {"digit,digit"}


def test_the_defaults_are_the_presets_own(tones: Path, checkpoints: Path, monkeypatch) -> None:
    """Without options the search gets the page's default preset, untouched."""
    from bssdemo.evaluation import methods
    from bssdemo.search.pgd import PRESETS

    asked = []

    def separate(mix, priors, config, **options):
        asked.append(config)
        yield from ()

    monkeypatch.setattr(methods, "separate", separate)
    args = parsed("--data", tones, "--sources", "digit")
    setting = methods.Setting(("digit",), args.preset, args.steps, args.starts, args.seed, checkpoints)
    assert list(methods.search(setting)(torch.ones(1, 16_384))) == []
    assert asked == [PRESETS["balanced"]]


def test_raw_and_refined_share_one_search(
    tones: Path, checkpoints: Path, tmp_path: Path, monkeypatch
) -> None:
    from bssdemo.evaluation import methods

    runs, search = [], methods.separate
    monkeypatch.setattr(methods, "separate", lambda *a, **k: runs.append(len(a[0])) or search(*a, **k))
    words = ("--sources", "digit,piano", "--methods", "raw,refined", "--batch", "2")
    rows = bench_json(tones, checkpoints, tmp_path / "r.json", *words)
    assert runs == [2, 1]  # three mixtures
    assert {row["method"] for row in rows} == {"raw", "refined"}


def test_a_gain_range_makes_other_mixtures(tones: Path, checkpoints: Path, tmp_path: Path) -> None:
    words = ("--sources", "digit,piano", "--methods", "raw,mixture")
    plain = bench_json(tones, checkpoints, tmp_path / "a", *words)
    ranged = bench_json(tones, checkpoints, tmp_path / "b", *words, "--gain-range", "12")
    assert [row["mean"] for row in plain] != [row["mean"] for row in ranged]


def test_an_unknown_level_changes_the_stems_level_only(checkpoints: Path) -> None:
    from bssdemo.evaluation import methods

    mix = torch.randn(2, 16_384, generator=torch.Generator().manual_seed(0))
    setting = methods.Setting(("digit", "piano"), steps=3, checkpoints=checkpoints, unknown_level=True)
    *_, quiet = methods.search(setting)(0.01 * mix)
    *_, loud = methods.search(setting)(mix)
    torch.testing.assert_close(quiet.estimates * 100, loud.estimates, rtol=1e-3, atol=1e-5)


def test_start_and_gain_reach_the_search(tones: Path, checkpoints: Path, monkeypatch) -> None:
    from bssdemo.evaluation import methods

    asked = []

    def separate(mix, priors, config, **options):
        asked.append(config)
        yield from ()

    monkeypatch.setattr(methods, "separate", separate)
    for start, gain in (("zeros", "estimated"), ("encoder", "fixed")):
        setting = methods.Setting(("digit",), checkpoints=checkpoints, start=start, gain=gain)
        assert list(methods.search(setting)(torch.ones(1, 16_384))) == []
    assert [(one.start, one.gain) for one in asked] == [("zeros", "estimated"), ("encoder", "fixed")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sources", "digit,violin"], "violin"),
        (["--sources", "violin", "--methods", "mixture"], "no recordings of 'violin'"),
        (["--sources", "digit,,piano"], "--sources"),
        (["--sources", "digit", "--methods", "magic"], "available: raw, refined, mixture, oracle"),
        (["--sources", "digit", "--mixtures", "0"], "--mixtures"),
        (["--sources", "digit", "--batch", "0"], "--batch"),
        (["--sources", "digit", "--steps", "0"], "--steps"),
        (["--sources", "digit", "--starts", "-1"], "--starts"),
        (["--sources", "digit", "--seed", "-1"], "--seed"),
        (["--sources", "digit", "--gain-range", "-1"], "--gain-range"),
        (["--sources", "digit", "--gain-range", "nan"], "--gain-range"),
        (["--sources", "digit", "--json", "."], "is a folder"),
        (["--sources", "digit", "--data", "missing"], "no such data folder"),
        (["--sources", "digit", "--checkpoints", "missing"], "missing"),
    ],
)
def test_mistakes_are_told_in_one_line(
    tones: Path, checkpoints: Path, tmp_path: Path, monkeypatch, words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BSSDEMO_HUB_OWNER", raising=False)
    with pytest.raises(ValueError, match=message) as caught:
        bench.run(parsed("--data", tones, "--checkpoints", checkpoints, *words))
    assert "\n" not in str(caught.value)


def test_the_commands_on_the_page_are_accepted_and_its_tables_have_a_place() -> None:
    page = (Path(__file__).parents[2] / "docs" / "BENCHMARKS.md").read_text()
    prefix = "python -m bssdemo bench audio "
    commands = [line.removeprefix(prefix).split() for line in page.splitlines() if line.startswith(prefix)]
    combinations = {tuple(parsed(*words).sources.split(",")) for words in commands}
    assert combinations == set(paper.TABLES)
    assert "new tables" in tables.insert(page, "new tables")
