"""The checkpoint format: a folder of two or three files, verified on the way in and on the way out.

- config.json: one of three kinds, each with a name and a label:
  {"kind": "wavegan-generator", "model_size", "latent_size", "sample_rate": 16000, "samples": 16384}, and
  "encoder": {"width"} when there is one;
  {"kind": "mask-network", "sources": [two texts], "channels", "size", "width", "levels", "bounded"};
  {"kind": "spectrogram-mask-network", "sources": [two names], "sample_rate": 16000, "size", "width", "levels"}
- model.safetensors: the network's state_dict in float16; never pickle
- encoder.safetensors: beside a generator, the state_dict of the encoder that gives a mixture its first z, likewise
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from bssdemo import precision
from bssdemo.models import Generator, LatentEncoder
from bssdemo.models.mask import MaskNetwork
from bssdemo.models.spectrogram import SpectrogramMask
from bssdemo.models.wavegan import SAMPLES

CONFIG, WEIGHTS, ENCODER = "config.json", "model.safetensors", "encoder.safetensors"
SAMPLE_RATE = 16_000
Network = Generator | MaskNetwork


@dataclass(frozen=True)
class Kind:
    """What a config.json of one kind says, besides `name` and `label`, and how its network is built.

    The largest sizes refuse a config that would fill the memory.
    """

    build: Callable[..., Network]
    largest: Mapping[str, int]  # the sizes to build with
    flags: tuple[str, ...] = ()  # further arguments of `build`, true or false
    fixed: Mapping[str, int] = field(default_factory=dict)
    sources: bool = False  # names the two sources that the network tells apart
    encoder: Mapping[str, int] | None = None  # the largest sizes of one; None where there can be none


GENERATOR, MASK, SOUND_MASK = "wavegan-generator", "mask-network", "spectrogram-mask-network"
KINDS: Mapping[str, Kind] = {
    GENERATOR: Kind(
        Generator,
        largest={"model_size": 128, "latent_size": 1024},
        fixed={"sample_rate": SAMPLE_RATE, "samples": SAMPLES},
        encoder={"width": 128},
    ),
    MASK: Kind(
        MaskNetwork,
        largest={"channels": 4, "size": 512, "width": 128, "levels": 5},
        flags=("bounded",),
        sources=True,
    ),
    SOUND_MASK: Kind(
        SpectrogramMask,
        largest={"size": 512, "width": 128, "levels": 5},
        fixed={"sample_rate": SAMPLE_RATE},
        sources=True,
    ),
}
REMEDY = "download or train this checkpoint again, or remove its folder"


class CheckpointError(ValueError):
    """A checkpoint is missing or unusable; the message names the file and what to do."""


def write(
    folder: Path, network: Network, config: Mapping[str, Any], encoder: LatentEncoder | None = None
) -> None:
    """Write config.json and the weights (float16) into `folder`, each whole or not at all.

    `config` holds at least `name` and `label`; kind and sizes come from the networks. Without `encoder` one that
    was there before is removed: it belonged to the former weights.
    Raises ValueError when a weight is not finite in float16 or the encoder is of other latents, CheckpointError
    for an unusable config.
    """
    contents = {WEIGHTS: _halved(network)}
    kind = next(name for name, kind in KINDS.items() if kind.build is type(network))
    full = {**config, "kind": kind, **KINDS[kind].fixed, **network.config}
    full.pop("encoder", None)
    if encoder is not None:
        if isinstance(network, Generator) and encoder.latent_size != network.latent_size:
            sizes = f"{encoder.latent_size} latents and the generator of {network.latent_size}"
            raise ValueError(f"the encoder does not fit: it is of {sizes}")
        contents[ENCODER] = _halved(encoder)
        full["encoder"] = {"width": encoder.width}
    full = _checked(full, folder / CONFIG)
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        _replace(folder / file, content)
    _replace(folder / CONFIG, (json.dumps(full, indent=2) + "\n").encode())
    if encoder is None:
        (folder / ENCODER).unlink(missing_ok=True)


def files(folder: Path) -> tuple[str, ...]:
    """The files that make up the checkpoint in `folder`, by its config.json. Raises CheckpointError."""
    both = (CONFIG, WEIGHTS)
    return (*both, ENCODER) if "encoder" in read_config(folder) else both


def read(folder: Path) -> tuple[Network, LatentEncoder | None, Mapping[str, Any]]:
    """The frozen float32 networks in `folder` and its config; the same objects however often asked for.

    Raises CheckpointError when a file is missing, damaged, or does not fit the others.
    """
    try:
        stats = [(folder / file).stat() for file in files(folder)]
    except OSError as error:
        raise CheckpointError(f"{error.filename}: cannot be read ({error.strerror}); {REMEDY}") from error
    state = tuple((stat.st_mtime_ns, stat.st_size) for stat in stats)
    with _ONE_AT_A_TIME:
        return _read(folder.resolve(), state)


def read_config(folder: Path) -> dict[str, Any]:
    """The verified config.json of a checkpoint folder. Raises CheckpointError."""
    file = folder / CONFIG
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"{file}: cannot be read ({error.strerror}); {REMEDY}") from error
    except (ValueError, RecursionError) as error:  # malformed or endlessly nested JSON, or not UTF-8
        raise CheckpointError(f"{file}: is not valid JSON ({error}); {REMEDY}") from error
    return _checked(config, file)


_ONE_AT_A_TIME = threading.Lock()  # two visitors asking at once must not load the same weights twice


@lru_cache(maxsize=16)
def _read(
    folder: Path, state: tuple[tuple[int, int], ...]
) -> tuple[Network, LatentEncoder | None, Mapping[str, Any]]:
    """`state` is part of the key, so that a checkpoint replaced on disk is read again."""
    config = read_config(folder)
    kind = KINDS[config["kind"]]
    try:
        network = kind.build(**{argument: config[argument] for argument in (*kind.largest, *kind.flags)})
    except ValueError as error:  # sizes that do not fit each other
        raise CheckpointError(f"{folder / CONFIG}: {error}; {REMEDY}") from error
    network.load_state_dict(_read_weights(folder / WEIGHTS, network.state_dict()), strict=True)
    encoder = None
    if "encoder" in config:
        encoder = LatentEncoder(**config["encoder"], latent_size=config["latent_size"])
        encoder.load_state_dict(_read_weights(folder / ENCODER, encoder.state_dict()), strict=True)
        encoder.eval().requires_grad_(False)
    if isinstance(network, Generator):
        network.freeze(precision.for_search())
    else:
        network.freeze()
    return network, encoder, MappingProxyType(config)


def _checked(config: Any, file: Path) -> dict[str, Any]:
    """The config itself, when every value is one this program can build."""
    if not isinstance(config, dict):
        raise CheckpointError(f"{file}: should hold one JSON object; {REMEDY}")
    kind = KINDS.get(str(config.get("kind", GENERATOR)))
    if kind is None:
        needed = " or ".join(map(repr, KINDS))
        raise CheckpointError(f"{file}: kind is {config['kind']!r}, this program needs {needed}; {REMEDY}")
    needs = ("kind", *kind.fixed, "name", "label", *kind.largest, *kind.flags)
    missing = [key for key in needs if key not in config]
    if missing:
        raise CheckpointError(f"{file}: lacks {', '.join(missing)}; {REMEDY}")
    for key, value in kind.fixed.items():
        if config[key] != value:
            raise CheckpointError(f"{file}: {key} is {config[key]!r}, this program needs {value!r}; {REMEDY}")
    _check_sizes(config, kind.largest, file)
    for key in kind.flags:
        if not isinstance(config[key], bool):
            raise CheckpointError(f"{file}: {key} is {config[key]!r}, it must be true or false; {REMEDY}")
    for key in ("name", "label"):
        if not isinstance(config[key], str) or not config[key].strip():
            raise CheckpointError(f"{file}: {key} is {config[key]!r}, it must be a text; {REMEDY}")
    if kind.sources and not _two_texts(config.get("sources")):
        raise CheckpointError(
            f"{file}: sources is {config.get('sources')!r}, it must be a list of two texts; {REMEDY}"
        )
    if "encoder" in config:
        _check_encoder(config["encoder"], kind.encoder, file)
    return config


def _check_encoder(encoder: Any, most: Mapping[str, int] | None, file: Path) -> None:
    if most is None:
        raise CheckpointError(f"{file}: encoder is {encoder!r}, its kind has none; {REMEDY}")
    if not isinstance(encoder, dict) or encoder.keys() != most.keys():
        raise CheckpointError(
            f"{file}: encoder is {encoder!r}, it must hold {', '.join(most)} alone; {REMEDY}"
        )
    _check_sizes(encoder, most, file)


def _two_texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)


def _check_sizes(config: Mapping[str, Any], most: Mapping[str, int], file: Path) -> None:
    for key, largest in most.items():
        value = config[key]
        if type(value) is not int or not 1 <= value <= largest:
            raise CheckpointError(f"{file}: {key} is {value!r}, it must be 1 to {largest}; {REMEDY}")


def _halved(network: nn.Module) -> bytes:
    """A network's weights in float16 as safetensors. Raises ValueError where one does not fit."""
    weights = {key: value.detach().half().contiguous() for key, value in network.state_dict().items()}
    overflow = [key for key, value in weights.items() if not torch.isfinite(value).all()]
    if overflow:
        raise ValueError(f"weights are not finite in float16: {_few(overflow)}")
    return save(weights)


def _read_weights(file: Path, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """float32 tensors whose names and shapes are those of `expected`, all finite."""
    try:
        weights = load_file(file)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file}: is damaged or cut short ({error}); {REMEDY}") from error
    missing, extra = sorted(expected.keys() - weights.keys()), sorted(weights.keys() - expected.keys())
    if missing or extra:
        differences = f"lacks {_few(missing)}, has unknown {_few(extra)}"
        raise CheckpointError(f"{file}: does not fit its config.json: {differences}; {REMEDY}")
    for key, value in weights.items():
        if value.shape != expected[key].shape:
            shapes = f"{tuple(value.shape)}, its config.json asks for {tuple(expected[key].shape)}"
            raise CheckpointError(f"{file}: {key} has shape {shapes}; {REMEDY}")
        if not value.is_floating_point() or not torch.isfinite(value).all():
            raise CheckpointError(f"{file}: {key} holds values that are not finite numbers; {REMEDY}")
    return {key: value.float() for key, value in weights.items()}


def _replace(file: Path, content: bytes) -> None:
    partial = file.with_name(f"{file.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, file)


def _few(keys: list[str]) -> str:
    return (", ".join(keys[:3]) or "nothing") + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
