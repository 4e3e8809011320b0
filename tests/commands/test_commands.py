"""The command line as a person uses it: files, exit codes, one line for every refusal."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bssdemo import audio
from bssdemo.audio.format import SAMPLES
from bssdemo.checkpoints import hub
from bssdemo.commands import main
from bssdemo.models import Generator, LatentEncoder
from bssdemo.search import pgd
from bssdemo.search.long import LONG_STEPS
from bssdemo.search.pgd import PRESETS
from bssdemo.search.refine import refine
from bssdemo.separation import read

ROOT = Path(main.__file__).parents[2]
Run = Callable[..., int]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """1.5 s of a decaying chord, stereo, 22.05 kHz."""
    time = np.arange(33_075) / 22_050
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220, 331, 777)) * np.exp(-3 * time) / 4
    soundfile.write(tmp_path / "chord.flac", np.stack([chord, 0.5 * chord], 1), 22_050)
    return tmp_path / "chord.flac"


@pytest.fixture
def separate(recording: Path, tiny_checkpoints: Path, tmp_path: Path) -> Run:
    """`separate` with the tiny priors; the exit code. Options given replace the usual ones."""

    def run(mixture: Path = recording, **options: object) -> int:
        usual = {
            "sources": "digit,piano",
            "steps": 3,
            "checkpoints": tiny_checkpoints,
            "out": tmp_path / "out",
        }
        arguments = [str(item) for key, value in (usual | options).items() for item in (f"--{key}", value)]
        return main.main(["separate", str(mixture), *arguments])

    return run


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("*.wav")}


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    """What stderr says, which must be one line, with nothing on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("python -m bssdemo")
    return err


def test_the_command_as_typed_writes_stems_mixture_and_report(
    recording: Path, tiny_checkpoints: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "folder"
    command = [sys.executable, "-m", "bssdemo", "separate", str(recording), "--sources", "digit,piano"]
    command += ["--steps", "5", "--starts", "2", "--checkpoints", str(tiny_checkpoints), "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "separating" in done.stderr  # the bar
    stems = {"digit.wav", "piano.wav"}
    others = {"residual.wav", "mixture.wav", "raw", "report.json", "losses.csv", "figure.png"}
    assert {file.name for file in out.iterdir()} == stems | others
    assert {file.name for file in (out / "raw").iterdir()} == stems
    assert all(str(file) in done.stdout for file in out.rglob("*.*"))
    for folder, shape in ((out, (22_050, 33_075, 2)), (out / "raw", (16_000, 24_000, 1))):
        for file in folder.glob("*.wav"):
            info = soundfile.info(file)
            assert (info.samplerate, info.frames, info.channels) == shape
            assert info.subtype == "PCM_16"

    report = json.loads((out / "report.json").read_text())
    assert (report["schema"], report["method"], report["ending"]) == (2, "gan", "done")
    assert set(report["terms"]) == {"spectral", "dissociation", "coherence", "frequency"}
    assert all(set(ends) == {"start", "end"} for ends in report["terms"].values())
    assert report["total"]["end"] <= report["total"]["start"]  # the best iterate is kept
    settings = report["settings"]
    assert (settings["preset"], settings["seed"]) == ("balanced", 0)
    weights = settings["search"]["objective"]["weights"]
    assert weights == settings["weights_at_end"]
    assert report["total"]["end"] == pytest.approx(
        sum(weights[name] * ends["end"] for name, ends in report["terms"].items()), rel=1e-4
    )
    assert (settings["search"]["steps"], settings["search"]["starts"]) == (5, 2)
    assert (report["steps"], report["steps_done"]) == (5, 5)
    assert [s["file"] for s in report["sources"]] == ["digit.wav", "piano.wav"]
    assert [s["label"] for s in report["sources"]] == ["spoken digits", "piano"]
    assert [s["where"] for s in report["sources"]] == [str(tiny_checkpoints / n) for n in ("digit", "piano")]
    assert (report["mixture"]["name"], report["mixture"]["channels"]) == ("chord.flac", 2)
    assert len(report["mixture"]["window_starts_seconds"]) >= 2
    assert (report["output"]["sample_rate"], report["output"]["channels"]) == (22_050, 2)
    assert 0 < report["seconds"]["separate"] < 60
    assert 0 <= report["seconds"]["refine"] < 60
    assert any("1.50 s are separated in" in note for note in report["notes"])
    assert all(note in done.stdout for note in report["notes"])

    header, *lines = (out / "losses.csv").read_text().splitlines()
    assert header.split(",") == ["step", "total", *report["terms"]]
    assert [line.split(",")[0] for line in lines] == ["0", "1", "2", "3", "4", "5"]
    assert [float(value) for value in lines[-1].split(",")[1:]] == [
        report["total"]["end"],
        *(ends["end"] for ends in report["terms"].values()),
    ]
    assert (out / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("sources", ["digit", "digit,piano,drums"])
def test_the_written_stems_and_residual_are_the_recording(
    separate: Run, recording: Path, tmp_path: Path, sources: str
) -> None:
    """Every channel, at the recording's rate, to the rounding of 16 bits."""
    assert separate(sources=sources) == 0
    scale = json.loads((tmp_path / "out/report.json").read_text())["output"]["scale"]
    original = audio.read(recording).samples * scale
    mixture = audio.read(tmp_path / "out/mixture.wav").samples
    torch.testing.assert_close(mixture, original, rtol=0, atol=0.51 / 32_768)
    files = [*(f"{name}.wav" for name in sources.split(",")), "residual.wav"]
    total = sum(audio.read(tmp_path / "out" / file).samples for file in files)
    torch.testing.assert_close(total, original, rtol=0, atol=1e-4)


def test_a_window_of_mono_at_16k_gives_what_search_and_refine_give(
    separate: Run, tiny_checkpoints: Path, tmp_path: Path
) -> None:
    sound = 0.2 * torch.sin(torch.arange(SAMPLES) / 9)
    soundfile.write(tmp_path / "mono.wav", sound.numpy(), 16_000, "FLOAT")
    mono = read(tmp_path / "mono.wav").mono
    assert separate(tmp_path / "mono.wav") == 0
    mix, gain = audio.to_search_level(mono, 2)
    priors = [hub.load(name, tiny_checkpoints).generator for name in ("digit", "piano")]
    *_, answer = pgd.separate(mix, priors, replace(PRESETS["balanced"], steps=3))
    refined = refine(mono, answer.estimates / gain)
    rest = refined.residual + (sound - mono)  # below 20 Hz
    for name, stem in zip(("digit", "piano", "residual"), (*refined.stems, rest), strict=True):
        written = audio.read(tmp_path / f"out/{name}.wav")
        assert (written.sample_rate, len(written.samples)) == (16_000, 1)
        torch.testing.assert_close(written.samples[0], stem, rtol=0, atol=1 / 32_768)


def test_no_more_than_asked_is_separated_and_that_is_said(
    separate: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert separate(**{"max-seconds": 1}) == 0
    assert "Only the first 1 s of the recording were read." in capsys.readouterr().out
    assert json.loads((tmp_path / "out/report.json").read_text())["mixture"]["seconds"] == 1.0
    assert soundfile.info(tmp_path / "out/digit.wav").frames == 22_050


def test_a_long_recording_is_searched_shorter_unless_steps_are_given(separate: Run, tmp_path: Path) -> None:
    """3.2 s, of which little but silence is searched."""
    sound = np.zeros(51_200)
    sound[:8_000] = 0.1 * np.sin(np.arange(8_000) / 9)
    soundfile.write(tmp_path / "long.wav", sound, 16_000)
    for options, steps in (({"preset": "paper", "steps": LONG_STEPS + 1}, LONG_STEPS + 1), ({"steps": 2}, 2)):
        assert separate(tmp_path / "long.wav", **options) == 0
        report = json.loads((tmp_path / "out/report.json").read_text())
        assert (report["settings"]["search"]["starts"], report["steps_done"]) == (1, steps)


def test_the_same_seed_writes_identical_wavs(separate: Run, tmp_path: Path) -> None:
    for out in ("a", "b"):
        assert separate(seed=3, starts=2, out=tmp_path / out) == 0
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert len(digests(tmp_path / "a")) == 4


def test_a_louder_recording_only_gives_louder_stems(separate: Run, recording: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(recording)
    soundfile.write(tmp_path / "quiet.wav", samples / 4, rate, "DOUBLE")
    soundfile.write(tmp_path / "loud.wav", samples, rate, "DOUBLE")
    stems = {}
    for name in ("quiet", "loud"):
        assert separate(tmp_path / f"{name}.wav", out=tmp_path / name) == 0
        scale = json.loads((tmp_path / name / "report.json").read_text())["output"]["scale"]
        stems[name] = audio.read(tmp_path / name / "digit.wav").samples[0] / scale
    torch.testing.assert_close(stems["quiet"] * 4, stems["loud"], atol=4 / 32_768, rtol=1e-2)


@pytest.mark.parametrize("sources", ["digit,piano,digit", "digit:2,piano", " digit : 2 , piano "])
def test_a_source_given_twice_is_numbered(separate: Run, tmp_path: Path, sources: str) -> None:
    assert separate(sources=sources) == 0
    assert set(digests(tmp_path / "out")) == {
        "digit-1.wav",
        "digit-2.wav",
        "piano.wav",
        "mixture.wav",
        "residual.wav",
    }


def test_a_source_called_mixture_does_not_overwrite_the_mixture(
    separate: Run, recording: Path, tmp_path: Path
) -> None:
    for name in ("mixture", "residual"):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            hub.save(tmp_path / "odd" / name, Generator(model_size=4), {"name": name, "label": name})
    assert separate(sources="mixture,residual", checkpoints=tmp_path / "odd") == 0
    names = {"mixture.wav", "residual.wav", "mixture-1.wav", "residual-1.wav"}
    assert set(digests(tmp_path / "out")) == names
    scale = json.loads((tmp_path / "out/report.json").read_text())["output"]["scale"]
    mixture = audio.read(tmp_path / "out/mixture.wav").samples
    torch.testing.assert_close(mixture, audio.read(recording).samples * scale, rtol=0, atol=0.51 / 32_768)


def test_the_recording_is_not_overwritten_by_its_own_result(
    separate: Run, recording: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    mine = tmp_path / "out" / "mixture.wav"
    soundfile.write(mine, *soundfile.read(recording))
    before = mine.read_bytes()
    assert separate(mine) == 2
    assert "mixture.wav would be overwritten" in refusal(capsys)
    assert mine.read_bytes() == before
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["mixture.wav"]


def test_a_disk_that_is_full_leaves_no_folder_behind(
    separate: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device", "digit.wav")

    monkeypatch.setattr(audio, "write_wav", full)
    assert separate(out=tmp_path / "new" / "folder") == 2
    assert "No space left on device" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "new").exists()


def test_start_says_whether_the_encoders_are_used(separate: Run, tmp_path: Path) -> None:
    config = {"name": "digit", "label": "spoken digits"}
    prior = tmp_path / "priors" / "digit"
    hub.save(prior, Generator(model_size=4), config, LatentEncoder(width=2))
    stems = []
    for preset, start, used in (("paper", "zeros", False), ("balanced", "encoder", True)):
        asked = {"preset": preset, "start": start, "starts": 1, "gain": "estimated", "steps": 4}
        assert separate(sources="digit", checkpoints=prior, **asked) == 0
        report = json.loads((tmp_path / "out/report.json").read_text())
        assert [source["encoder"] for source in report["sources"]] == [used]
        assert report["sources"][0]["gain"] > 0
        assert report["settings"]["search"]["start"] == start
        assert report["leash"]["start"] == 0
        stems.append(digests(tmp_path / "out/raw")["digit.wav"])
    assert stems[0] != stems[1]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sets_the_search(separate: Run, tmp_path: Path, preset: str) -> None:
    assert separate(preset=preset, steps=1) == 0
    told = json.loads((tmp_path / "out/report.json").read_text())["settings"]
    settings = told["search"]
    assert told["preset"] == preset
    assert settings["objective"]["form"] == PRESETS[preset].objective.form
    assert settings["learning_rate"] == PRESETS[preset].learning_rate
    assert settings["objective"]["weights"] == vars(PRESETS[preset].objective.weights)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"sources": "digit,kazoo"}, "no source called 'kazoo'; available: bass, digit, drums"),
        ({"sources": "digit,,piano"}, "not a list of sources"),
        ({"sources": "digit:0"}, "not a list of sources"),
        ({"sources": "digit:two"}, "not a list of sources"),
        ({"sources": "digit:8,piano"}, "at most 8 sources"),
        ({"sources": "digit:99999999999"}, "not a list of sources"),
        ({"steps": 0}, "at least 1"),
        ({"max-seconds": 0}, "at least 1"),
        ({"starts": "many"}, "at least 1"),
        ({"seed": "1.5"}, "at least 0"),
        ({"preset": "best"}, "choose from"),
        ({"checkpoints": "nowhere"}, "nowhere is not a folder"),
        ({"mixture": Path("nowhere.wav")}, "nowhere.wav is not there"),
        ({"mixture": Path(__file__)}, "test_commands.py is not a sound file"),
        ({"out": Path(__file__)}, "test_commands.py: File exists"),
        ({"out": Path(__file__) / "below"}, "below: Not a directory"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_line_and_exit_code_2(
    separate: Run, capsys: pytest.CaptureFixture[str], options: dict[str, object], reason: str, tmp_path: Path
) -> None:
    assert separate(**options) == 2
    assert reason in refusal(capsys)
    assert not (tmp_path / "out").exists()


def test_silence_is_refused(separate: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(32_000), 16_000)
    assert separate(tmp_path / "silence.wav") == 2
    assert "the recording is silent" in refusal(capsys)


def test_a_damaged_checkpoint_is_one_line_naming_the_file(
    separate: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    hub.save(tmp_path / "mine" / "digit", Generator(model_size=4), {"name": "digit", "label": "digits"})
    (tmp_path / "mine" / "digit" / "model.safetensors").write_bytes(b"cut")
    assert separate(checkpoints=tmp_path / "mine") == 2
    assert str(tmp_path / "mine" / "digit" / "model.safetensors") in refusal(capsys)


@pytest.mark.parametrize(
    "arguments", [[], ["seperate"], ["train"], ["bench", "video"], ["separate"], ["sources", "x"]]
)
def test_a_wrong_command_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(arguments) == 2
    refusal(capsys)


def test_sources_prints_what_there_is_and_from_where(
    tiny_checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["sources", "--checkpoints", str(tiny_checkpoints)]) == 0
    header, *rows = [re.split(" {2,}", line) for line in capsys.readouterr().out.splitlines()]
    assert header == ["name", "label", "origin", "where"]
    assert ["digit", "spoken digits", "folder", str(tiny_checkpoints / "digit")] in rows
    assert rows == [[one.name, one.label, one.origin, one.where] for one in hub.available(tiny_checkpoints)]


@pytest.mark.parametrize(
    "command", [["train", "prior"], ["bench", "audio"], ["bench", "speed"], ["bench", "tables"]]
)
def test_commands_of_other_modules_show_their_own_arguments(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([*command, "--help"]) == 0
    shown = capsys.readouterr().out
    option = {"prior": "--data", "audio": "--mixtures", "speed": "--against-paper", "tables": "--into"}
    assert option[command[1]] in shown


def test_a_delegated_command_refuses_in_one_line_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for command in (
        ["bench", "audio", "--sources", "digit"],
        ["train", "prior", "digit", "--run", str(tmp_path)],
    ):
        assert main.main([*command, "--data", str(tmp_path / "empty")]) == 2
        refusal(capsys)


def test_help_and_version_need_no_torch() -> None:
    for option in ("--version", "--help"):
        code = f"import sys; from bssdemo.commands.main import main; main(['{option}'])"
        code += "; sys.exit('torch' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0


def test_ctrl_c_keeps_the_best_so_far(recording: Path, tiny_checkpoints: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bssdemo", "separate", str(recording), "--sources", "digit,drums"]
    command += ["--steps", "1000000", "--checkpoints", str(tiny_checkpoints), "--out", str(tmp_path / "out")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    guard = threading.Timer(60, process.kill)
    guard.start()
    assert process.stderr is not None
    shown = b""
    while b"loss" not in shown and (more := process.stderr.read1()):  # the search is under way
        shown += more
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate()
    guard.cancel()
    assert process.returncode == 130
    assert b"stopped at step" in rest
    assert b"Traceback" not in rest
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["ending"] == "stopped"
    assert 0 <= report["steps_done"] < 1_000_000
    assert set(digests(tmp_path / "out")) == {"digit.wav", "drums.wav", "mixture.wav", "residual.wav"}
