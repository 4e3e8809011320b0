"""The mask networks that come with the project, on the examples that come with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import bssdemo
from bssdemo import audio, image
from bssdemo.bench.methods import Setting, rows, runnable
from bssdemo.checkpoints import download, hub
from bssdemo.metrics.audio import spectral_snr
from bssdemo.metrics.pictures import psnr
from bssdemo.unmix import sound
from bssdemo.unmix.cycle import unmix_all

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = 8
NAMES = [f"mask-{name}{twin}" for name in download.SETS for twin in ("", "-supervised")]


@pytest.fixture(autouse=True)
def bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BSSDEMO_HUB_OWNER", raising=False)


@pytest.mark.parametrize("name", NAMES)
def test_each_comes_with_a_card_and_loads(name: str) -> None:
    loaded = hub.load_any(name)
    assert (loaded.origin, loaded.name) == ("bundled", name)
    card = (ROOT / "checkpoints" / name / "README.md").read_text(encoding="utf-8")
    assert f"# {name}: " in card
    assert "python -m bssdemo train mask " in card
    assert "PENDING" not in card
    assert all(source in card for source in loaded.sources)
    for shown in re.findall(r"^from bssdemo import (.*)$", card, re.MULTILINE):
        assert {name.strip() for name in shown.split(",")} <= {"audio", "image", *bssdemo.__all__}
        assert f'load_unmixer("{name}")' in card


def scores(name: str) -> torch.Tensor:
    """PSNR of both sources of the digit examples, in the network's own order."""
    folder = ROOT / "examples" / "pictures" / "mnist"
    names = [[f"{which}-{n}.png" for which in ("first", "second")] for n in range(1, EXAMPLES + 1)]
    pairs = [[image.fit(image.read(folder / one, channels=1), 32).values for one in pair] for pair in names]
    refs = torch.stack([torch.stack(pair) for pair in pairs])  # digits 0-4, digits 5-9
    unmixer = hub.load_unmixer(name)
    if unmixer.sources[0] == "digits 5-9":
        refs = refs.flip(1)
    return psnr(refs, unmix_all(refs.sum(1), unmixer.network).sources)


def test_digits_come_apart_and_true_sources_in_training_help() -> None:
    """Half of the mixture as either source scores about 16 dB."""
    blind, twin = scores("mask-mnist").mean().item(), scores("mask-mnist-supervised").mean().item()
    assert 20 < blind < twin


def test_a_word_and_a_hit_come_apart() -> None:
    """Each by 5 dB over the mixture itself as the answer."""
    folder = ROOT / "examples" / "digit-drums"
    refs = torch.stack([audio.to_mono_16k(audio.read(folder / f"{name}.wav")) for name in ("digit", "drums")])
    *_, answer = sound.separate(refs.sum(0)[None], hub.load_sound_unmixer(["digit", "drums"]).network)
    nothing = refs.sum(0).expand_as(refs)
    assert (spectral_snr(refs, answer.estimates[0]) > spectral_snr(refs, nothing) + 5).all()


def test_all_methods_of_the_benchmark_are_those_with_a_network() -> None:
    def of(*sources: str) -> set[str]:
        return set(rows()) - set(runnable(Setting(sources)))

    assert of("drums", "digit") == set()
    assert of("digit", "piano") == of("digit", "drums", "piano") == {"unmix", "unmix-supervised"}
