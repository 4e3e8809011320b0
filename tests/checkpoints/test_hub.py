"""Where a prior comes from, what is refused, and the real huggingface_hub client against a loopback Hub."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from bssdemo.checkpoints import disk, download, hub
from bssdemo.checkpoints.hub import CheckpointError
from bssdemo.models import Generator, LatentEncoder
from bssdemo.models.spectrogram import SpectrogramMask
from tests.checkpoints.loopback import COMMIT, NAMES, OWNER, LoopbackHub

AT_ONCE = 2.5  # seconds for all priors together on a dead network; one network question takes up to 1.5


# --- the files


def test_what_is_loaded_is_what_was_saved_rounded_to_half(tmp_path: Path) -> None:
    generator = Generator(model_size=4)
    hub.save(tmp_path / "flute", generator, {"name": "flute", "label": "a flute"})
    prior = hub.load("flute", tmp_path)
    assert (prior.name, prior.label, prior.origin, prior.note) == ("flute", "a flute", "folder", None)
    assert prior.config["model_size"] == 4
    for key, value in prior.generator.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, generator.state_dict()[key].half().float())
    z = torch.rand(2, 100) * 2 - 1
    torch.testing.assert_close(prior.generator(z), generator(z).detach(), atol=2e-3, rtol=0)


def test_a_loaded_prior_is_frozen_and_on_disk_in_half_precision(checkpoints: Path) -> None:
    prior = hub.load("digit", checkpoints)
    assert not any(parameter.requires_grad for parameter in prior.generator.parameters())
    assert not prior.generator.training
    assert {v.dtype for v in load_file(checkpoints / "digit/model.safetensors").values()} == {torch.float16}
    with pytest.raises(TypeError):
        prior.config["label"] = "other"  # type: ignore[index]


def test_ten_visitors_share_one_generator(checkpoints: Path) -> None:
    with ThreadPoolExecutor(10) as pool:
        priors = list(pool.map(lambda _: hub.load("piano", checkpoints), range(10)))
    assert len({id(prior.generator) for prior in priors}) == 1


def test_a_checkpoint_replaced_on_disk_is_read_again(checkpoints: Path) -> None:
    before = hub.load("digit", checkpoints)
    hub.save(checkpoints / "digit", Generator(model_size=5), {"name": "digit", "label": "new"})
    after = hub.load("digit", checkpoints)
    assert (before.generator.model_size, after.generator.model_size, after.label) == (4, 5, "new")


@pytest.fixture
def encoded(checkpoints: Path) -> Path:
    """The folder of the digit checkpoint with a tiny encoder in it."""
    generator = hub.load("digit", checkpoints).generator
    config = {"name": "digit", "label": "spoken digits"}
    hub.save(checkpoints / "digit", generator, config, LatentEncoder(width=2))
    return checkpoints / "digit"


def test_an_encoder_comes_and_goes_with_its_prior(encoded: Path) -> None:
    prior = hub.load("digit", encoded)
    assert prior.encoder is not None
    assert prior.config["encoder"] == {"width": 2}
    assert not any(parameter.requires_grad for parameter in prior.encoder.parameters())
    stored = load_file(encoded / disk.ENCODER)
    assert {value.dtype for value in stored.values()} == {torch.float16}
    for key, value in prior.encoder.state_dict().items():
        assert torch.equal(value, stored[key].float())
    hub.save(encoded, prior.generator, prior.config)  # a prior trained anew has none yet
    assert hub.load("digit", encoded).encoder is None
    assert not (encoded / disk.ENCODER).exists()


def test_an_encoder_of_other_latents_is_not_saved(tmp_path: Path) -> None:
    config = {"name": "flute", "label": "a flute"}
    with pytest.raises(ValueError, match="5 latents and the generator of 100"):
        hub.save(tmp_path, Generator(model_size=4), config, LatentEncoder(width=2, latent_size=5))


@pytest.mark.parametrize(
    ("encoder", "reason"),
    [
        (3, "encoder is 3"),
        ({}, "encoder is {}"),
        ({"width": 0}, "width is 0"),
        ({"width": 10**9}, "1 to 128"),
    ],
)
def test_a_wrong_encoder_config_is_refused(encoded: Path, encoder: Any, reason: str) -> None:
    file = encoded / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "encoder": encoder}))
    with pytest.raises(CheckpointError, match=reason):
        hub.load("digit", encoded)


def test_a_missing_or_damaged_encoder_is_refused(encoded: Path) -> None:
    file = encoded / disk.ENCODER
    whole = load_file(file)
    save_file({**whole, "dense.bias": torch.zeros(3)}, file)
    with pytest.raises(CheckpointError, match=r"encoder\.safetensors: dense\.bias has shape"):
        hub.load("digit", encoded)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(CheckpointError, match=r"encoder\.safetensors: is damaged"):
        hub.load("digit", encoded)
    file.unlink()
    with pytest.raises(CheckpointError, match=r"encoder\.safetensors: cannot be read"):
        hub.load("digit", encoded)


def test_weights_that_half_precision_cannot_hold_are_not_saved(tmp_path: Path) -> None:
    generator = Generator(model_size=4)
    with torch.no_grad():
        generator.dense.bias[0] = 1e6
    with pytest.raises(ValueError, match=r"dense\.bias"):
        hub.save(tmp_path / "loud", generator, {"name": "loud", "label": "loud"})
    assert not (tmp_path / "loud").exists()


Config = dict[str, Any]
BROKEN_CONFIGS: dict[str, Callable[[Config], Any]] = {
    "lacks kind": lambda c: {k: v for k, v in c.items() if k != "kind"},
    "lacks model_size": lambda c: {k: v for k, v in c.items() if k != "model_size"},
    "kind is 'pickle'": lambda c: {**c, "kind": "pickle"},
    "samples is 65536": lambda c: {**c, "samples": 65536},
    "sample_rate is 8000": lambda c: {**c, "sample_rate": 8000},
    "model_size is 1000000000": lambda c: {**c, "model_size": 10**9},
    "model_size is 0": lambda c: {**c, "model_size": 0},
    "model_size is '4'": lambda c: {**c, "model_size": "4"},
    "model_size is True": lambda c: {**c, "model_size": True},
    "latent_size is -1": lambda c: {**c, "latent_size": -1},
    "label is None": lambda c: {**c, "label": None},
    "one JSON object": lambda c: [c],
}


@pytest.mark.parametrize("reason", BROKEN_CONFIGS)
def test_a_wrong_config_is_refused_naming_the_file_and_the_cause(checkpoints: Path, reason: str) -> None:
    file = checkpoints / "digit" / "config.json"
    file.write_text(json.dumps(BROKEN_CONFIGS[reason](json.loads(file.read_text()))))
    with pytest.raises(CheckpointError) as error:
        hub.load("digit", checkpoints)
    assert str(file) in str(error.value)
    assert reason in str(error.value)
    assert "train this checkpoint again" in str(error.value)
    problems = {listing.name: listing.problem for listing in hub.available(checkpoints)}
    assert reason in str(problems["digit"])
    assert problems["piano"] is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"kind": NaN', b"\xff\xfe\x00", b"[" * 100_000])
def test_a_config_that_is_not_json_is_refused(checkpoints: Path, content: bytes) -> None:
    (checkpoints / "digit" / "config.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"config\.json: is not valid JSON"):
        hub.load("digit", checkpoints)


@given(part=st.floats(0, 1, exclude_max=True))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_weights_cut_anywhere_are_refused(tiny_checkpoints: Path, tmp_path: Path, part: float) -> None:
    whole = (tiny_checkpoints / "digit" / "model.safetensors").read_bytes()
    copytree(tiny_checkpoints / "digit", tmp_path / "digit", dirs_exist_ok=True)
    (tmp_path / "digit" / "model.safetensors").write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(CheckpointError, match=r"model\.safetensors: is damaged or cut short"):
        hub.load("digit", tmp_path)


Weights = dict[str, torch.Tensor]
BROKEN_WEIGHTS: dict[str, Callable[[Weights], Weights]] = {
    "lacks dense.bias": lambda w: {k: v for k, v in w.items() if k != "dense.bias"},
    "unknown critic.bias": lambda w: {**w, "critic.bias": torch.zeros(2)},
    "dense.bias has shape": lambda w: {**w, "dense.bias": torch.zeros(3)},
    "dense.bias holds": lambda w: {**w, "dense.bias": w["dense.bias"] * torch.nan},
    "up.0.bias holds": lambda w: {**w, "up.0.bias": torch.zeros(32, dtype=torch.int64)},
}


@pytest.mark.parametrize("reason", BROKEN_WEIGHTS)
def test_weights_that_do_not_fit_are_refused(checkpoints: Path, reason: str) -> None:
    file = checkpoints / "digit" / "model.safetensors"
    save_file(BROKEN_WEIGHTS[reason](load_file(file)), file)
    with pytest.raises(CheckpointError) as error:
        hub.load("digit", checkpoints)
    assert str(file) in str(error.value)
    assert reason in str(error.value)


def test_pickled_weights_are_never_opened(checkpoints: Path) -> None:
    file = checkpoints / "digit" / "model.safetensors"
    torch.save(Generator(model_size=4).state_dict(), file)
    with pytest.raises(CheckpointError, match="damaged"):
        hub.load("digit", checkpoints)


def test_missing_weights_are_named(checkpoints: Path) -> None:
    (checkpoints / "digit" / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"digit/model\.safetensors: cannot be read"):
        hub.load("digit", checkpoints)


# --- which files


def test_an_explicit_folder_comes_before_the_bundled_checkpoints(
    checkpoints: Path, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BUNDLED", tiny_checkpoints)
    (checkpoints / "piano").rename(checkpoints / "organ")
    assert {(one.name, one.origin) for one in hub.available(checkpoints)} == {
        ("digit", "folder"), ("drums", "folder"), ("organ", "folder"), ("piano", "bundled"),
    }  # fmt: skip
    assert hub.load("digit", checkpoints).where == str(checkpoints / "digit")
    assert hub.load("digit").origin == "bundled"
    piano = hub.load("piano", checkpoints)
    assert piano.origin == "bundled"
    assert piano.note == f"Using the bundled piano checkpoint: {checkpoints} has no piano."


def test_what_is_listed_can_be_loaded_under_that_name_from_there(tiny_checkpoints: Path) -> None:
    for one in hub.available(tiny_checkpoints):
        prior = hub.load(one.name, tiny_checkpoints)
        assert (prior.name, prior.label, prior.origin, prior.where) == (
            one.name,
            one.label,
            one.origin,
            one.where,
        )


def test_listing_reads_no_weights(checkpoints: Path) -> None:
    for name in NAMES:
        (checkpoints / name / "model.safetensors").unlink()
    assert [one.name for one in hub.available(checkpoints) if one.origin == "folder"] == list(NAMES)


def test_a_checkpoint_or_a_training_run_may_itself_be_the_folder(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "long-flute"
    hub.save(run / "checkpoint", Generator(model_size=4), {"name": "flute", "label": "a flute"})
    (run / "config.json").write_text("{}")  # a run keeps its settings there
    assert hub.load("flute", run / "checkpoint").where == str(run / "checkpoint")
    assert hub.load("flute", run).where == str(run / "checkpoint")
    assert hub.load("long-flute", run.parent).where == str(run / "checkpoint")


@pytest.mark.parametrize("name", ["kazoo", "", "../digit", "digit/", "/"])
def test_an_unknown_name_is_answered_with_the_known_ones(tiny_checkpoints: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match="available: bass, digit, drums"):
        hub.load(name, tiny_checkpoints)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    for call in (hub.available, lambda folder: hub.load("digit", folder)):
        with pytest.raises(CheckpointError, match="is not a folder"):
            call(tmp_path / "nowhere")


def test_with_an_owner_the_hub_is_listed_but_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(download.OWNER_VARIABLE, OWNER)
    monkeypatch.setattr(download, "fetch", lambda *_: pytest.fail("asked"))
    assert {one.where for one in hub.available() if one.origin == "hub"} == {
        f"{OWNER}/bssdemo-{name}@{download.REVISIONS[name]}" for name in download.PRIORS
    }


# --- the real client, in processes of their own: huggingface_hub reads its settings when imported


def test_the_hub_is_asked_for_the_pinned_revision_once_and_its_weights_are_used(
    loopback: LoopbackHub, silent: str, checkpoints: Path, visit: Callable[..., dict[str, Any]]
) -> None:
    torch.manual_seed(9)
    hub.save(checkpoints / "digit", Generator(model_size=6), {"name": "digit", "label": "from the Hub"})
    expected = load_file(checkpoints / "digit/model.safetensors")["dense.weight"].double().sum().item()
    (prior,) = visit(loopback.address, "digit")["priors"]
    revision = download.REVISIONS["digit"]
    assert prior["origin"] == "hub"
    assert prior["where"] == f"{OWNER}/bssdemo-digit@{revision}"
    assert prior["note"] is None
    assert prior["weight"] == pytest.approx(expected, abs=1e-9)
    got = [path for command, path in loopback.asked if command == "GET" and "/resolve/" in path]
    assert got == [
        f"/{OWNER}/bssdemo-digit/resolve/{revision}/config.json",
        f"/{OWNER}/bssdemo-digit/resolve/{COMMIT}/model.safetensors",
    ]

    asked = len(loopback.asked)  # a second process needs no network: neither a living one ...
    (again,) = visit(loopback.address, "digit")["priors"]
    assert again == prior
    assert len(loopback.asked) == asked
    dead = visit(silent, "digit")  # ... nor a dead one
    assert dead["priors"] == [prior]
    assert dead["seconds"] < AT_ONCE


def test_an_encoder_is_fetched_where_the_config_has_one(
    loopback: LoopbackHub, encoded: Path, visit: Callable[..., dict[str, Any]]
) -> None:
    digit, piano = visit(loopback.address, "digit", "piano")["priors"]
    assert (digit["origin"], piano["origin"]) == ("hub", "hub")
    assert (digit["encoder"], piano["encoder"]) == (2, None)
    asked = len(loopback.asked)
    assert visit(loopback.address, "digit")["priors"] == [digit]
    assert len(loopback.asked) == asked


@pytest.mark.parametrize("network", ["silent", "refusing", "offline"])
def test_a_dead_network_falls_back_at_once_and_says_so(
    network: str, request: pytest.FixtureRequest, visit: Callable[..., dict[str, Any]]
) -> None:
    endpoint = request.getfixturevalue("refusing" if network == "offline" else network)
    answer = visit(endpoint, *NAMES, **({"HF_HUB_OFFLINE": "1"} if network == "offline" else {}))
    reason = "offline mode is on (HF_HUB_OFFLINE)" if network == "offline" else "the Hub could not be reached"
    for name, prior in zip(NAMES, answer["priors"], strict=True):
        assert prior["origin"] == "bundled"
        assert prior["note"] == f"Using the bundled {name} checkpoint: {reason}."
        assert prior["note"] in answer["log"]
    assert answer["seconds"] < AT_ONCE


def test_a_repository_that_is_not_there_falls_back(
    loopback: LoopbackHub, visit: Callable[..., dict[str, Any]]
) -> None:
    (prior,) = visit(loopback.address, "digit", owner="nobody")["priors"]
    assert prior["origin"] == "bundled"
    assert "the Hub has no nobody/bssdemo-digit@v1" in prior["note"]


def test_the_config_the_interface_promises(tiny_checkpoints: Path) -> None:
    config = disk.read_config(tiny_checkpoints / "digit")
    weights = (tiny_checkpoints / "digit" / "model.safetensors").read_bytes()
    assert config.pop("sha256") == {"model.safetensors": hashlib.sha256(weights).hexdigest()}
    assert config == {
        "kind": "wavegan-generator", "name": "digit", "label": "spoken digits",
        "model_size": 4, "latent_size": 100, "sample_rate": 16000, "samples": 16384,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "two words"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match="letters, digits"):
        hub.save(
            tmp_path / "x", Generator(model_size=4), {"name": name, "label": "a / label may hold anything"}
        )


def test_names_may_hold_a_dash(tmp_path: Path) -> None:
    """Which sources a network knows stands in its config.json, not in its name."""
    network = SpectrogramMask(width=2)
    told = {"name": "mask-my-birds-drums", "label": "both", "sources": ["my-birds", "drums"]}
    hub.save(tmp_path / "mask-my-birds-drums", network, told)
    assert hub.load_sound_unmixer(("drums", "my-birds"), tmp_path).sources == ("my-birds", "drums")
