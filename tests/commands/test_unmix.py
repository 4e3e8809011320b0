"""`python -m bssdemo unmix`: a picture in, four pictures out, nothing lost between them."""

from pathlib import Path

import pytest
import torch

from bssdemo import audio, image
from bssdemo.checkpoints import hub
from bssdemo.commands import main
from bssdemo.models.mask import MaskNetwork
from bssdemo.models.spectrogram import SpectrogramMask


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = MaskNetwork(width=2)
    config = {"name": "mask-mnist", "label": "digits", "sources": ["digits 5-9", "digits 0-4"]}
    hub.save(tmp_path / "checkpoints" / "mask-mnist", network, config)
    return tmp_path / "checkpoints"


@pytest.mark.parametrize("inverted", [False, True])
def test_the_sources_on_disk_add_up_to_the_mixture(
    checkpoints: Path, tmp_path: Path, inverted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """An average of two pictures, on a dark and on a bright background."""
    mixture = torch.zeros(1, 32, 32)
    mixture[:, 8:20, 10:22] = 0.4
    image.write(tmp_path / "mix.png", 1 - mixture if inverted else mixture)
    out = tmp_path / "out"
    arguments = ["unmix", str(tmp_path / "mix.png"), "--set", "mnist", "--out", str(out)]
    assert main.main([*arguments, "--checkpoints", str(checkpoints)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{out / 'source-1.png'} (digits 5-9)"
    assert lines[1] == f"{out / 'source-2.png'} (digits 0-4)"
    files = {name: image.read(out / f"{name}.png", 1) for name in ("source-1", "source-2", "mixture", "mask")}
    assert all(file.shape == (1, 128, 128) for file in files.values())
    if inverted:
        files |= {name: 1 - file for name, file in files.items() if name != "mask"}
    torch.testing.assert_close(files["mixture"][:, ::4, ::4], mixture, atol=5e-3, rtol=0)
    torch.testing.assert_close(files["source-1"] + files["source-2"], 2 * files["mixture"], atol=0.02, rtol=0)
    torch.testing.assert_close(files["source-1"], 2 * files["mixture"] * files["mask"], atol=0.02, rtol=0)


def test_refusals_are_one_line(checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "words.png").write_text("words")
    image.write(tmp_path / "mix.png", torch.zeros(1, 32, 32))
    for picture, chosen, reason in (
        ("words.png", "mnist", "words.png is no picture"),
        ("mix.png", "cats", "mask-mnist, "),
    ):
        arguments = ["unmix", str(tmp_path / picture), "--set", chosen, "--out", str(tmp_path / "out")]
        assert main.main([*arguments, "--checkpoints", str(checkpoints)]) == 2
        error = capsys.readouterr().err
        assert reason in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_picture_is_not_overwritten_by_its_own_result(
    checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image.write(tmp_path / "mixture.png", torch.rand(1, 32, 32, generator=torch.Generator().manual_seed(0)))
    before = (tmp_path / "mixture.png").read_bytes()
    arguments = ["unmix", str(tmp_path / "mixture.png"), "--set", "mnist", "--out", str(tmp_path)]
    assert main.main([*arguments, "--checkpoints", str(checkpoints)]) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert (tmp_path / "mixture.png").read_bytes() == before


def test_a_recording_comes_apart_into_stems_that_add_up(
    checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two seconds at another rate, quieter than a sum of two sounds; the picture networks do not mind the company."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SpectrogramMask(width=2)
    hub.save(
        checkpoints / "mask-digit-drums", network, {"name": "x", "label": "x", "sources": ["drums", "digit"]}
    )
    sound = 0.1 * torch.randn(44_100, generator=torch.Generator().manual_seed(0))
    audio.write_wav(tmp_path / "mix.wav", sound, 22_050)
    out = tmp_path / "out"
    arguments = ["unmix", str(tmp_path / "mix.wav"), "--set", "digit-drums", "--out", str(out)]
    assert main.main([*arguments, "--checkpoints", str(checkpoints)]) == 0
    printed = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert all(file.is_relative_to(out) and file.is_file() for file in printed)
    drums, digit, residual, mixture = (
        audio.read(out / f"{name}.wav").samples[0] for name in ("drums", "digit", "residual", "mixture")
    )
    assert len(mixture) == len(sound)  # at the recording's own rate
    assert mixture.abs().max() > 0.1
    torch.testing.assert_close(drums + digit + residual, mixture, atol=1e-4, rtol=0)
    assert 0.05 < (drums.square().sum() / mixture.square().sum()) < 0.95
    arguments = ["separate", str(tmp_path / "mix.wav"), "--sources", "drums,digit", "--method", "unmix"]
    again = tmp_path / "again"
    assert main.main([*arguments, "--out", str(again), "--checkpoints", str(checkpoints)]) == 0
    for file in printed:
        if file.suffix == ".wav":  # the same files as `separate` writes
            assert file.read_bytes() == (again / file.relative_to(out)).read_bytes()
    with pytest.raises(hub.CheckpointError, match="unmixes no pictures"):
        hub.load_unmixer("mask-digit-drums", checkpoints)
    assert hub.load_sound_unmixer(("digit", "drums"), checkpoints).sources == ("drums", "digit")
