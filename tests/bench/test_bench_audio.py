"""`bench audio` end to end on synthetic recordings and checkpoints with random weights."""

import argparse
import json
from pathlib import Path

import pytest
import torch

from bssdemo.bench.audio import BenchError
from bssdemo.bench.methods import Separator, Setting
from bssdemo.bench.records import read
from bssdemo.checkpoints import hub
from bssdemo.commands import bench_audio
from bssdemo.models.wavegan import Generator
from bssdemo.separation import methods


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    for name in ("digit", "piano"):
        hub.save(folder / name, Generator(model_size=1, latent_size=4), {"name": name, "label": name})
    return folder


def parsed(*words: str | Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    bench_audio.add_arguments(parser)
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
    assert bench_audio.run(parsed(*common, *more)) == 0
    return json.loads(file.read_text())["records"]


def test_records_and_printed_tables(tones: Path, checkpoints: Path, tmp_path: Path, capsys) -> None:
    rows = bench_json(tones, checkpoints, tmp_path / "r.json", "--sources", "digit,piano", "--batch", "2")
    assert {tuple(row) for row in rows} == {
        ("method", "stem", "metric", "mean", "median", "n", "seconds", "values")
    }
    found = {(row["method"], row["stem"], row["metric"]) for row in rows}
    metrics = ("spectral_snr", "envelope_distance", "sir", "si_sdr")
    methods = ("raw", "refined", "mixture", "oracle")
    assert found == {(m, s, q) for m in methods for s in ("digit", "piano") for q in metrics}
    assert len(rows) == len(found)
    assert {(row["n"], len(row["values"])) for row in rows} == {(3, 3)}
    printed = capsys.readouterr()
    for words in ("Spectral SNR (dB), higher is better", "the paper's Proposed", "1.06", "of 2,"):
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


def test_the_defaults_are_the_presets_own(tones: Path, checkpoints: Path, monkeypatch) -> None:
    """Without options the search gets the page's default preset, untouched."""
    from bssdemo.search.pgd import PRESETS

    asked = []

    def separate(mix, priors, config, **options):
        asked.append(config)
        yield from ()

    monkeypatch.setattr(methods, "separate", separate)
    args = parsed("--data", tones, "--sources", "digit", "--checkpoints", checkpoints)
    setting = bench_audio.asked(args).setting
    assert list(Separator("gan").prepared(setting)(torch.ones(1, 16_384), 0)) == []
    assert asked == [PRESETS["balanced"]]


def test_raw_and_refined_share_one_search(
    tones: Path, checkpoints: Path, tmp_path: Path, monkeypatch
) -> None:
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
    mix = torch.randn(2, 16_384, generator=torch.Generator().manual_seed(0))
    setting = Setting(("digit", "piano"), steps=3, checkpoints=checkpoints, gain_range=12.0)
    *_, quiet = Separator("gan").prepared(setting)(0.01 * mix, 0)
    *_, loud = Separator("gan").prepared(setting)(mix, 0)
    torch.testing.assert_close(quiet.estimates * 100, loud.estimates, rtol=1e-3, atol=1e-5)


def test_start_and_gain_reach_the_search(tones: Path, checkpoints: Path, monkeypatch) -> None:
    asked = []

    def separate(mix, priors, config, **options):
        asked.append(config)
        yield from ()

    monkeypatch.setattr(methods, "separate", separate)
    for start, gain in (("zeros", "estimated"), ("encoder", "fixed")):
        setting = Setting(("digit",), checkpoints=checkpoints, start=start, gain=gain)
        assert list(Separator("gan").prepared(setting)(torch.ones(1, 16_384), 0)) == []
    assert [(one.start, one.gain) for one in asked] == [("zeros", "estimated"), ("encoder", "fixed")]


class Killed(Exception):
    pass


def kill_after(batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches end in an exception once so many batches have been searched."""
    count, search = iter(range(100)), methods.separate

    def separate(*args, **options):
        if next(count) >= batches:
            raise Killed
        yield from search(*args, **options)

    monkeypatch.setattr(methods, "separate", separate)


def test_a_killed_run_ends_like_one_that_was_not(
    tones: Path, checkpoints: Path, tmp_path: Path, monkeypatch
) -> None:
    words = ("--sources", "digit,piano", "--starts", "3", "--methods", "raw,refined", "--batch", "1")
    whole = bench_json(tones, checkpoints, tmp_path / "whole", *words)
    with monkeypatch.context() as patched:
        kill_after(2, patched)
        with pytest.raises(Killed):
            bench_json(tones, checkpoints, tmp_path / "killed", *words)
    kept = read(tmp_path / "killed")
    assert {kept.done(name) for name in ("raw", "refined")} == {2}
    again = bench_json(tones, checkpoints, tmp_path / "killed", *words)
    assert [row["values"] for row in again] == [row["values"] for row in whole]
    assert len(read(tmp_path / "killed").runs) == 2
    before = (tmp_path / "killed").read_bytes()
    bench_json(tones, checkpoints, tmp_path / "killed", *words)  # nothing is left to do
    assert (tmp_path / "killed").read_bytes() == before


def test_the_batch_changes_no_value(tones: Path, checkpoints: Path, tmp_path: Path) -> None:
    words = ("--sources", "digit,digit", "--starts", "3", "--methods", "raw")
    one, three = (
        bench_json(tones, checkpoints, tmp_path / size, *words, "--batch", size) for size in ("1", "3")
    )
    for first, second in zip(one, three, strict=True):
        assert second["values"] == pytest.approx(first["values"], abs=2e-3)


def test_methods_and_mixtures_are_added_to_a_file(tones: Path, checkpoints: Path, tmp_path: Path) -> None:
    file, words = tmp_path / "r.json", ("--sources", "digit,piano")
    first = bench_json(tones, checkpoints, file, *words, "--methods", "raw,mixture")
    more = bench_json(tones, checkpoints, file, *words, "--methods", "mixture,oracle", "--mixtures", "5")
    counts = {row["method"]: len(row["values"]) for row in more}
    assert counts == {"raw": 3, "mixture": 5, "oracle": 5}
    assert [row for row in more if row["method"] == "raw"] == [row for row in first if row["method"] == "raw"]
    at_once = bench_json(
        tones, checkpoints, tmp_path / "o", *words, "--methods", "mixture", "--mixtures", "5"
    )
    assert [row["values"] for row in at_once] == [row["values"] for row in more if row["method"] == "mixture"]
    assert [run["methods"] for run in read(file).runs] == [["raw", "mixture"], ["mixture", "oracle"]]


def test_a_file_of_other_settings_is_refused_and_replaced_when_asked(
    tones: Path, checkpoints: Path, tmp_path: Path
) -> None:
    file, words = tmp_path / "r.json", ("--sources", "digit,piano", "--methods", "raw")
    bench_json(tones, checkpoints, file, *words)
    before = file.read_bytes()
    for more in (("--seed", "1"), ("--steps", "3"), ("--without", "spectral"), ("--gain-range", "3")):
        with pytest.raises(BenchError, match=more[0].strip("-").split("-")[0]) as caught:
            bench_json(tones, checkpoints, file, *words, *more)
        assert "--fresh" in str(caught.value)
        assert "\n" not in str(caught.value)
    assert file.read_bytes() == before
    bench_json(tones, checkpoints, file, *words, "--seed", "1", "--fresh")
    assert read(file).settings["seed"] == 1


def test_labels_decide_no_value_and_can_be_given_later(
    tones: Path, checkpoints: Path, tmp_path: Path
) -> None:
    file, words = tmp_path / "r.json", ("--sources", "digit,piano", "--methods", "mixture")
    before = bench_json(tones, checkpoints, file, *words)
    labels = ["losses/all", "starts/z = 0"]
    assert bench_json(tones, checkpoints, file, *words, "--label", labels[0], "--label", labels[1]) == before
    assert read(file).settings["label"] == labels
    assert len(read(file).runs) == 1
    bench_json(tones, checkpoints, file, *words)
    assert read(file).settings["label"] is None


def test_a_file_of_other_networks_is_refused(tones: Path, checkpoints: Path, tmp_path: Path) -> None:
    words = ("--sources", "digit", "--methods", "raw")
    bench_json(tones, checkpoints, tmp_path / "r.json", *words)
    torch.manual_seed(1)
    hub.save(
        tmp_path / "other/digit", Generator(model_size=1, latent_size=4), {"name": "digit", "label": "d"}
    )
    with pytest.raises(BenchError, match="digit"):
        bench_json(tones, tmp_path / "other", tmp_path / "r.json", *words)


def test_a_term_left_out_has_no_weight() -> None:
    from bssdemo.search.objective import TERMS
    from bssdemo.search.pgd import PRESETS

    assert tuple(TERMS) == bench_audio.LOSSES
    usual = PRESETS["paper"].objective.weights
    weights = Setting(("digit",), preset="paper", without=("spectral", "coherence")).config.objective.weights
    assert (weights.spectral, weights.coherence) == (0, 0)
    assert (weights.dissociation, weights.frequency) == (usual.dissociation, usual.frequency)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sources", "digit,violin"], "violin"),
        (["--sources", "violin", "--methods", "mixture"], "no recordings of 'violin'"),
        (["--sources", "digit,,piano"], "--sources"),
        (["--sources", "digit", "--methods", "magic"], "available: raw, refined, .*, or all"),
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
        bench_audio.run(parsed("--data", tones, "--checkpoints", checkpoints, *words))
    assert "\n" not in str(caught.value)
