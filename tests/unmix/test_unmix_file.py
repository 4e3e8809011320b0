"""`python -m bssdemo unmix`: a picture in, four pictures out, nothing lost between them."""

from pathlib import Path

import pytest
import torch

from bssdemo import audio, cli, hub, image
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
    assert cli.main([*arguments, "--checkpoints", str(checkpoints)]) == 0
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
        assert cli.main([*arguments, "--checkpoints", str(checkpoints)]) == 2
        error = capsys.readouterr().err
        assert reason in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


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
    assert cli.main([*arguments, "--checkpoints", str(checkpoints)]) == 0
    names = ["drums", "digit", "mixture"]
    assert capsys.readouterr().out.splitlines() == [str(out / f"{name}.wav") for name in names]
    drums, digit, mixture = (audio.read(out / f"{name}.wav").samples[0] for name in names)
    assert mixture.abs().max() > 0.1
    torch.testing.assert_close(drums + digit, mixture, atol=1e-4, rtol=0)
    assert 0.05 < (drums.square().sum() / mixture.square().sum()) < 0.95
    with pytest.raises(hub.CheckpointError, match="unmixes no pictures"):
        hub.load_unmixer("mask-digit-drums", checkpoints)
    assert hub.load_sound_unmixer(("digit", "drums"), checkpoints).sources == ("drums", "digit")
