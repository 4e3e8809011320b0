"""`separate --method nmf` and its like, as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bssdemo import audio
from bssdemo.baselines import factorisation
from bssdemo.checkpoints import hub
from bssdemo.commands import main
from bssdemo.commands.separate import IN_HELP
from bssdemo.search.refine import refine
from bssdemo.separation import METHODS, Setup, networks, read, snapshots
from bssdemo.separation.methods import BASELINES


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """0.6 s of two notes one after the other, stereo, 22.05 kHz."""
    time = np.arange(13_230) / 22_050
    notes = np.where(time < 0.3, np.sin(2 * np.pi * 500 * time), 0.5 * np.sin(2 * np.pi * 2_000 * time))
    soundfile.write(tmp_path / "notes.flac", np.stack([notes, 0.5 * notes], 1) / 2, 22_050)
    return tmp_path / "notes.flac"


def separate(mixture: Path, out: Path, method: str, *options: str, sources: str = "digit,piano") -> int:
    command = ["separate", str(mixture), "--sources", sources, "--method", method, "--out", str(out)]
    return main.main([*command, *options])


def test_help_tells_of_every_method_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert tuple(METHODS) == IN_HELP == ("gan", "unmix", *BASELINES)
    assert all(method.about.endswith(".") for method in METHODS.values())
    assert main.main(["separate", "--help"]) == 0
    assert ", ".join(METHODS) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("method", ["fastica", "pca", "kernelpca", "nmf"])
def test_components_and_residual_are_the_recording(
    recording: Path, tmp_path: Path, method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "folder"
    assert separate(recording, out, method) == 0
    stems = ["component-1.wav", "component-2.wav"]
    files = {*stems, "residual.wav", "mixture.wav", "raw", "report.json", "losses.csv", "figure.png"}
    assert {file.name for file in out.iterdir()} == files
    shown = capsys.readouterr().out
    assert "they have no names" in shown
    assert all(str(file) in shown for file in out.rglob("*.*"))

    report = json.loads((out / "report.json").read_text())
    assert report["method"] == method
    assert [source["file"] for source in report["sources"]] == stems
    assert set(report["terms"]) == {"reconstruction"}
    assert all(note in shown for note in report["notes"])
    assert report["ending"] == "done"
    assert report["steps_done"] == report["steps"]
    assert report["settings"].keys() == {"seed", "refine"}  # nothing of a search that there was not
    assert all(source.keys() == {"name", "label", "file"} for source in report["sources"])

    original = audio.read(recording).samples * report["output"]["scale"]
    total = sum(audio.read(out / file).samples for file in [*stems, "residual.wav"])
    torch.testing.assert_close(total, original, rtol=0, atol=1e-4)
    assert soundfile.info(out / "raw/component-1.wav").samplerate == 16_000


def test_the_files_hold_what_the_baseline_and_refinement_give(tmp_path: Path) -> None:
    time = torch.arange(12_000) / 16_000
    mono = 0.2 * torch.sin(2_000 * time) + 0.1 * (time > 0.3) * torch.sin(9_000 * time)
    soundfile.write(tmp_path / "mono.wav", mono.numpy(), 16_000, "FLOAT")
    assert separate(tmp_path / "mono.wav", tmp_path / "out", "nmf", "--seed", "5", sources="digit:3") == 0
    mono = read(tmp_path / "mono.wav").mono  # without what lies below 20 Hz
    *_, answer = factorisation.SEPARATORS["nmf"](mono, 3, seed=5)
    for number, (raw, stem) in enumerate(
        zip(answer.estimates, refine(mono, answer.estimates).stems, strict=True), start=1
    ):
        for file, expected in ((f"raw/component-{number}.wav", raw), (f"component-{number}.wav", stem)):
            written = audio.read(tmp_path / "out" / file).samples[0]
            torch.testing.assert_close(written, expected, rtol=0, atol=1 / 32_768)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--steps", "3"], "--steps: for --method gan only"),
        (["--preset", "balanced", "--gain", "fixed"], "--preset, --gain: for --method gan only"),
        (["--starts", "1", "--start", "zeros"], "--starts, --start: for"),
        (["--checkpoints", "."], "--checkpoints: for"),
    ],
)
def test_settings_of_the_search_are_refused(
    recording: Path, tmp_path: Path, options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert separate(recording, tmp_path / "out", "pca", *options) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert reason in err
    assert not (tmp_path / "out").exists()


def test_an_unknown_method_and_silence_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(8_000), 16_000)
    for method, reason in (
        ("robustpca", "no method called 'robustpca'; available: gan, unmix, fastica"),
        ("nmf", "the recording is silent"),
    ):
        assert separate(tmp_path / "silence.wav", tmp_path / "out", method) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert reason in err
        assert not (tmp_path / "out").exists()


def test_unmix_names_its_stems_and_wants_a_network_for_just_these_sources(
    recording: Path, tmp_path: Path, tiny_sound_masks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--checkpoints", str(tiny_sound_masks))
    assert separate(recording, tmp_path / "out", "unmix", *options, sources="digit,drums") == 0
    assert "knows only recordings like those it was trained on" in capsys.readouterr().out
    raw = {name: audio.read(tmp_path / f"out/raw/{name}.wav").samples[0] for name in ("digit", "drums")}
    mono = read(recording).mono
    unmixer = hub.load_sound_unmixer(("digit", "drums"), tiny_sound_masks)
    setup = Setup(("digit", "drums"), networks.Networks(unmixers=(unmixer,)))
    *_, answer = snapshots(mono, "unmix", setup)
    for name, estimate in zip(raw, answer.estimates, strict=True):
        torch.testing.assert_close(raw[name], estimate, rtol=0, atol=1e-4)
    for sources in ("digit:2", "digit,drums,piano"):
        assert separate(recording, tmp_path / "no", "unmix", *options, sources=sources) == 2
        assert "mask-digit-drums" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
