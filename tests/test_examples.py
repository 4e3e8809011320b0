"""The bundled examples: true sums of their sources, whole windows, credited, small."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/example.json"))
WANTED = {"speech-piano", "speech-drums", "digit-piano", "digit-drums", "drums-piano", "digit-drums-piano"}
LARGEST_BYTES = 4_000_000  # of the whole folder: it is part of every clone and of the Space


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return request.param


def read(path: Path) -> np.ndarray:
    """A stored file as its int16 samples; fails on anything but mono PCM of 16 bits at 16 kHz."""
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16"), path
    return soundfile.read(path, dtype="int16")[0]


def described(folder: Path) -> dict:
    return json.loads((folder / "example.json").read_text(encoding="utf-8"))


def test_the_mixture_is_exactly_the_sum_of_its_sources(folder: Path) -> None:
    sources = [read(folder / f"{name}.wav").astype(int) for name in described(folder)["sources"]]
    np.testing.assert_array_equal(read(folder / "mixture.wav"), np.sum(sources, axis=0))


def test_every_file_is_whole_windows_that_do_not_clip(folder: Path) -> None:
    windows = 3 if folder.name.startswith("speech") else 1
    for path in folder.glob("*.wav"):
        audio = read(path).astype(int)
        assert audio.shape == (windows * 16_384,), path
        assert np.abs(audio).max() < 32_767, path


def test_sources_share_the_scale_that_example_json_tells(folder: Path) -> None:
    """Divided by `scale`, every source peaks at 1: the mixing of the paper."""
    example = described(folder)
    for name in example["sources"]:
        peak = np.abs(read(folder / f"{name}.wav").astype(int)).max() / 32_767 / example["scale"]
        assert peak == pytest.approx(1, abs=2e-4), name


def test_every_source_sounds_from_the_start(folder: Path) -> None:
    """The priors are trained on clips cut to their onset, so an example must begin within 50 ms."""
    for name in described(folder)["sources"]:
        audio = np.abs(read(folder / f"{name}.wav").astype(int))
        assert np.argmax(audio > 0.02 * audio.max()) < 800, name


def test_title_sources_and_files_agree(folder: Path) -> None:
    example = described(folder)
    assert example["title"].strip()
    assert "-".join(example["sources"]) == folder.name
    assert {path.stem for path in folder.glob("*.wav")} == {"mixture", *example["sources"]}
    assert [origin["source"] for origin in example["origins"]] == example["sources"]


def test_the_attribution_names_every_file_and_what_it_was_made_from(folder: Path) -> None:
    rows = (EXAMPLES / "ATTRIBUTION.md").read_text(encoding="utf-8").splitlines()
    example = described(folder)
    for path in folder.glob("*.wav"):
        row = next(row for row in rows if f"`{folder.name}/{path.name}`" in row)
        origin = next((o for o in example["origins"] if o["source"] == path.stem), None)
        licence = example["licence"] if origin is None else origin["licence"]
        assert row.rstrip(" |").endswith(licence), path
        if origin is not None:
            assert origin["file"] in row
            assert origin["author"].split(" (")[0] in example["attribution"]


def test_a_mixture_with_a_share_alike_source_is_share_alike(folder: Path) -> None:
    example = described(folder)
    if any(origin["licence"] == "CC BY-SA 3.0" for origin in example["origins"]):
        assert example["licence"] == "CC BY-SA 3.0"


def test_the_four_examples_are_there_and_small() -> None:
    assert {path.name for path in FOLDERS} >= WANTED
    assert sum(path.stat().st_size for path in EXAMPLES.rglob("*") if path.is_file()) < LARGEST_BYTES
