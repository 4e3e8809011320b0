"""The benchmark runs every separator through `separation.run.snapshots`, and scores what it always scored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from bssdemo import audio
from bssdemo.baselines import dap, factorisation
from bssdemo.bench import methods
from bssdemo.bench.methods import Separator, Setting, rows, runnable
from bssdemo.checkpoints import hub
from bssdemo.commands import main
from bssdemo.search import pgd
from bssdemo.search.pgd import PRESETS
from bssdemo.separation.heard import read
from bssdemo.separation.methods import METHODS, Controls, Method, Setup
from bssdemo.separation.networks import Networks
from bssdemo.snapshot import Snapshot
from bssdemo.unmix import sound

PAIR = ("digit", "drums")


def mixes(count: int = 2, seconds: float = 1.024) -> Tensor:
    shape = (count, round(16_000 * seconds))
    return 0.3 * torch.randn(shape, generator=torch.Generator().manual_seed(0))


def answer(separator: Separator, setting: Setting, mix: Tensor, first: int = 0) -> Tensor:
    *_, last = separator.prepared(setting)(mix, first)
    assert last.done
    return last.estimates


@pytest.mark.parametrize("gain_range", [0.0, 12.0])
@pytest.mark.parametrize("preset", ["balanced", "paper", "reference"])
def test_the_search_is_the_plain_call_with_a_seed_for_every_number(
    tiny_checkpoints: Path, preset: str, gain_range: float
) -> None:
    """Mixtures 5 and 6 of seed 3, at a level that is known (no gain range) or is brought to the search's."""
    setting = Setting(
        PAIR, seed=3, gain_range=gain_range, preset=preset, steps=3, starts=2, start="random",
        without=("frequency",), checkpoints=tiny_checkpoints,
    )  # fmt: skip
    mix = mixes()
    level = audio.peak_of_sum(2) / mix.abs().amax(-1, keepdim=True) if gain_range else torch.ones(2, 1)
    priors = [hub.load(name, tiny_checkpoints) for name in PAIR]
    usual = PRESETS[preset]
    weights = replace(usual.objective.weights, frequency=0.0)
    config = replace(
        usual, objective=replace(usual.objective, weights=weights), steps=3, starts=2, start="random"
    )
    *_, direct = pgd.separate(
        mix * level, [one.generator for one in priors], config, encoders=[one.encoder for one in priors],
        generator=[torch.Generator().manual_seed((3 << 32) + number) for number in (5, 6)],
    )  # fmt: skip
    ours = answer(Separator("gan"), setting, mix, first=5)
    assert torch.equal(ours, direct.estimates / level[..., None])
    assert not torch.equal(ours, answer(Separator("gan"), setting, mix, first=6))


def test_the_papers_row_has_the_papers_preset_whatever_the_others_have(tiny_checkpoints: Path) -> None:
    setting = Setting(PAIR, preset="balanced", steps=2, checkpoints=tiny_checkpoints)
    paper = answer(rows()["paper"].separator, setting, mixes())
    assert torch.equal(paper, answer(Separator("gan"), replace(setting, preset="paper"), mixes()))
    assert not torch.equal(paper, answer(rows()["raw"].separator, setting, mixes()))


@pytest.mark.parametrize("name", factorisation.SEPARATORS)
def test_a_factorisation_is_the_plain_call(name: str) -> None:
    *_, direct = factorisation.SEPARATORS[name](mixes(), 3, seed=7)
    ours = answer(rows()[name].separator, Setting(("a", "b", "b"), seed=7), mixes(), first=4)
    assert torch.equal(ours, direct.estimates)


def test_deep_audio_prior_is_the_plain_call() -> None:
    """Its first two of some thousand steps."""
    mix = mixes(seconds=0.2)
    ours, direct = Separator("dap").prepared(Setting(PAIR, seed=7))(mix, 0), dap.separate(mix, 2, seed=7)
    for _ in range(2):
        assert torch.equal(next(ours).estimates, next(direct).estimates)


@pytest.mark.parametrize("gain_range", [0.0, 6.0])
def test_masks_are_the_plain_call_in_the_order_of_the_sources(
    tiny_sound_masks: Path, gain_range: float
) -> None:
    setting = Setting(PAIR, gain_range=gain_range, checkpoints=tiny_sound_masks)
    mix = mixes()
    level = audio.peak_of_sum(2) / mix.abs().amax(-1, keepdim=True) if gain_range else torch.ones(2, 1)
    (direct,) = sound.separate(mix * level, hub.load_sound_unmixer(PAIR, tiny_sound_masks).network)
    ours = answer(Separator("unmix"), setting, mix)
    assert torch.equal(ours, direct.estimates[:, [1, 0]] / level[..., None])  # it was trained as drums, digit


def test_the_twin_is_the_network_that_was_shown_the_sources(tiny_sound_masks: Path) -> None:
    setting = Setting(("drums", "piano"), checkpoints=tiny_sound_masks)
    (direct,) = sound.separate(
        mixes(), hub.load_sound_unmixer(setting.sources, tiny_sound_masks, supervised=True).network
    )
    assert torch.equal(answer(rows()["unmix-supervised"].separator, setting, mixes()), direct.estimates)


def test_all_are_those_that_there_are_networks_for(
    tiny_sound_masks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BUNDLED", tmp_path)

    def missing(*sources: str) -> set[str]:
        return rows().keys() - set(runnable(Setting(sources, checkpoints=tiny_sound_masks)))

    assert missing("digit", "drums") == {"unmix-supervised"}
    assert missing("drums", "piano") == {"unmix"}
    assert missing("digit", "piano") == {"unmix", "unmix-supervised"}


def halves(mix: Tensor, setup: Setup, controls: Controls) -> Iterator[Snapshot]:
    """A separator that nobody knew before: every source is an equal share."""
    count = len(setup.sources)
    estimates = mix[..., None, :].expand(*mix.shape[:-1], count, -1) / count
    total = mix.new_zeros(mix.shape[:-1])
    yield Snapshot(1, 1, {"guess": total}, total, estimates, 0.0, done=True)


@pytest.mark.parametrize("named", [False, True])
def test_a_line_in_the_list_of_methods_is_a_row_of_the_tables_and_a_method_of_the_command(
    tones: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    named: bool,
) -> None:
    asked: list[tuple[str, int]] = []
    through = methods.snapshots
    monkeypatch.setattr(
        methods,
        "snapshots",
        lambda mix, name, setup: asked.append((name, mix.shape[-1])) or through(mix, name, setup),
    )
    monkeypatch.setitem(METHODS, "fake", Method("Fake", "Shares the mixture out.", halves, named=named))
    wanted = ["fake"] if named else ["fake", "fake-refined"]
    file = tmp_path / "r.json"
    common = ["--data", str(tones), "--sources", "digit,piano", "--mixtures", "2", "--json", str(file)]
    assert main.main(["bench", "audio", *common, "--methods", ",".join(wanted)]) == 0
    assert asked == [("fake", methods.WARM_UP), ("fake", 16_384)]  # not timed; one run serves all its rows
    assert {row["method"] for row in json.loads(file.read_text())["records"]} == set(wanted)
    shown = capsys.readouterr().out
    assert all(f"| {name} " in shown for name in wanted)
    assert main.main(["bench", "tables", str(file)]) == 0
    shown = capsys.readouterr().out
    assert ("| fake \\* " in shown) == (not named)  # a star marks components without names
    assert "| fake" in shown

    assert set(wanted) < set(rows())
    assert set(wanted) < set(runnable(Setting(("digit",))))

    recording = next((tones / "digit").iterdir())
    command = ["separate", str(recording), "--sources", "digit,piano", "--method", "fake"]
    assert main.main([*command, "--out", str(tmp_path / "out")]) == 0
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["method"] == "fake"
    names = ["digit", "piano"] if named else ["component-1", "component-2"]
    assert [source["name"] for source in report["sources"]] == names
    stems = [audio.read(tmp_path / f"out/raw/{name}.wav").samples for name in names]
    torch.testing.assert_close(sum(stems)[0], read(recording).mono, rtol=0, atol=2 / 32_768)


def test_a_method_that_cannot_take_the_sources_says_so_in_its_own_words(
    tones: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking(sources: tuple[str, ...], networks: Networks) -> str:
        return "Fake takes bells only."

    monkeypatch.setitem(METHODS, "fake", Method("Fake", "For bells.", halves, lacking=lacking))
    assert main.main(["bench", "audio", "--data", str(tones), "--sources", "digit", "--methods", "fake"]) == 2
    assert "Fake takes bells only." in capsys.readouterr().err
    assert "fake" not in runnable(Setting(("digit",)))
