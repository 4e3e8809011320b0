"""The checkpoint format: a folder of two or three files, verified on the way in and on the way out.

- config.json: one of five kinds, each with a name and a label:
  {"kind": "wavegan-generator", "model_size", "latent_size", "sample_rate": 16000, "samples": 16384},
  "timed": true where the latent lies along time, and "encoder": {"width"} when there is one;
  {"kind": "share-network", "sample_rate": 16000, "width", "memory"};
  {"kind": "tagger", "sources": [a name for every output], "sample_rate": 16000, "outputs", "width"};
  {"kind": "mask-network", "sources": [two texts], "channels", "size", "width", "levels", "bounded"};
  {"kind": "spectrogram-mask-network", "sources": [two names], "sample_rate": 16000, "size", "width", "levels"}
  and "sha256": {file: digest} of the files of weights, which a file must match; older checkpoints lack it
- model.safetensors: the network's state_dict in float16; never pickle
- encoder.safetensors: beside a generator, the state_dict of the encoder that gives a mixture its first z, likewise
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from bssdemo.audio.format import SAMPLE_RATE, SAMPLES
from bssdemo.checkpoints import trial
from bssdemo.machine import device, precision
from bssdemo.machine.files import aside
from bssdemo.models import Generator, LatentEncoder
from bssdemo.models.encoder import TimedEncoder
from bssdemo.models.mask import MaskNetwork
from bssdemo.models.share import ShareNetwork
from bssdemo.models.spectrogram import SpectrogramMask
from bssdemo.models.tagger import Tagger

CONFIG, WEIGHTS, ENCODER = "config.json", "model.safetensors", "encoder.safetensors"
Network = Generator | MaskNetwork | ShareNetwork | Tagger
Encoder = LatentEncoder | TimedEncoder


@dataclass(frozen=True)
class Kind:
    """What a config.json of one kind says, besides `name` and `label`, and how its network is built.

    The largest sizes refuse a config that would fill the memory.
    """

    build: Callable[..., Network]
    largest: Mapping[str, int]  # the sizes to build with
    flags: tuple[str, ...] = ()  # further arguments of `build`, true or false
    optional: tuple[str, ...] = ()  # the same, false where they are not told
    marks: tuple[str, ...] = ()  # true or false, of the training: no arguments of `build`
    fixed: Mapping[str, int] = field(default_factory=dict)
    sources: int | str = 0  # names so many sources, or as many as the size of this name says
    encoder: Mapping[str, int] | None = None  # the largest sizes of one; None where there can be none


GENERATOR, MASK, SOUND_MASK = "wavegan-generator", "mask-network", "spectrogram-mask-network"
SHARE, TAGGER = "share-network", "tagger"
KINDS: Mapping[str, Kind] = {
    GENERATOR: Kind(
        Generator,
        largest={"model_size": 128, "latent_size": 1024},
        optional=("timed",),
        fixed={"sample_rate": SAMPLE_RATE, "samples": SAMPLES},
        encoder={"width": 128},
    ),
    MASK: Kind(
        MaskNetwork,
        largest={"channels": 4, "size": 512, "width": 128, "levels": 5},
        flags=("bounded",),
        marks=("supervised",),
        sources=2,
    ),
    SOUND_MASK: Kind(
        SpectrogramMask,
        largest={"size": 512, "width": 128, "levels": 5},
        marks=("supervised",),
        fixed={"sample_rate": SAMPLE_RATE},
        sources=2,
    ),
    SHARE: Kind(ShareNetwork, largest={"width": 128, "memory": 512}, fixed={"sample_rate": SAMPLE_RATE}),
    TAGGER: Kind(
        Tagger,
        largest={"outputs": 64, "width": 128},
        fixed={"sample_rate": SAMPLE_RATE},
        sources="outputs",
    ),
}
FILE_NAME = re.compile(r"\w[\w.-]*")  # a checkpoint's name is its folder's, and its stems' in files
SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST_LABEL = 80  # characters
LARGEST = {CONFIG: 1_000_000, WEIGHTS: 250_000_000, ENCODER: 250_000_000}  # bytes that are read
REMEDY = "download or train this checkpoint again, or remove its folder"


class CheckpointError(ValueError):
    """A checkpoint is missing or unusable; the message names the file and what to do."""


def write(folder: Path, network: Network, config: Mapping[str, Any], encoder: Encoder | None = None) -> None:
    """Write config.json and the weights (float16) into `folder`, each whole or not at all.

    `config` holds at least `name` and `label`; kind and sizes come from the networks. Without `encoder` one that
    was there before is removed: it belonged to the former weights.
    Raises ValueError when a weight is not finite in float16 or the encoder is of other latents, CheckpointError
    for an unusable config, OSError.
    """
    contents = {WEIGHTS: _halved(network)}
    kind = next(name for name, kind in KINDS.items() if kind.build is type(network))
    full = {**config, "kind": kind, **KINDS[kind].fixed, **network.config}
    full.pop("encoder", None)
    full.pop("sha256", None)
    if encoder is not None:
        if isinstance(network, Generator) and network.timed != isinstance(encoder, TimedEncoder):
            raise ValueError("the encoder does not fit: only one of the two has its latent along time")
        if isinstance(network, Generator) and encoder.latent_size != network.latent_size:
            sizes = f"{encoder.latent_size} latents and the generator of {network.latent_size}"
            raise ValueError(f"the encoder does not fit: it is of {sizes}")
        contents[ENCODER] = _halved(encoder)
        full["encoder"] = {"width": encoder.width}
    full = _checked(full, folder / CONFIG)
    full["sha256"] = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
    contents = {CONFIG: _text(full), **contents}  # the config takes its place last
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as all_at_once:
        for file, content in contents.items():
            all_at_once.enter_context(aside(folder / file)).write_bytes(content)
    if encoder is None:
        (folder / ENCODER).unlink(missing_ok=True)


def seal(folder: Path) -> dict[str, str]:
    """Write the SHA-256 of the files of weights into the config.json beside them; the digests by file.

    Raises CheckpointError for an unusable config or a missing file, OSError.
    """
    config = read_config(folder)
    digests = seal_of(folder, config)
    with aside(folder / CONFIG) as partial:
        partial.write_bytes(_text({**config, "sha256": digests}))
    return digests


def seal_of(folder: Path, config: Mapping[str, Any]) -> dict[str, str]:
    """The SHA-256 of the files of weights that belong to this config, by file. Raises CheckpointError."""
    weights = (WEIGHTS, ENCODER) if "encoder" in config else (WEIGHTS,)
    return {file: hashlib.sha256(_bytes(folder / file)).hexdigest() for file in weights}


def _text(config: Mapping[str, Any]) -> bytes:
    return (json.dumps(config, indent=2) + "\n").encode()


def files(folder: Path) -> tuple[str, ...]:
    """The files that make up the checkpoint in `folder`, by its config.json. Raises CheckpointError."""
    both = (CONFIG, WEIGHTS)
    return (*both, ENCODER) if "encoder" in read_config(folder) else both


def read(folder: Path) -> tuple[Network, Encoder | None, Mapping[str, Any]]:
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
        config = json.loads(_bytes(file).decode())
    except (ValueError, RecursionError) as error:  # malformed or endlessly nested JSON, or not UTF-8
        raise CheckpointError(f"{file}: is not valid JSON ({error}); {REMEDY}") from error
    return _checked(config, file)


_ONE_AT_A_TIME = threading.Lock()  # two visitors asking at once must not load the same weights twice


@lru_cache(maxsize=64)  # more than there are: one that is forgotten while it is used would be loaded twice
def _read(
    folder: Path, state: tuple[tuple[int, int], ...]
) -> tuple[Network, Encoder | None, Mapping[str, Any]]:
    """`state` is part of the key, so that a checkpoint replaced on disk is read again."""
    config = read_config(folder)
    kind = KINDS[config["kind"]]
    try:
        told = (*kind.largest, *kind.flags, *(flag for flag in kind.optional if flag in config))
        network = kind.build(**{argument: config[argument] for argument in told})
    except ValueError as error:  # sizes that do not fit each other
        raise CheckpointError(f"{folder / CONFIG}: {error}; {REMEDY}") from error
    digests = config.get("sha256", {})
    network.load_state_dict(
        _read_weights(folder / WEIGHTS, network.state_dict(), digests.get(WEIGHTS)), strict=True
    )
    encoder: Encoder | None = None
    if "encoder" in config:
        family = TimedEncoder if config.get("timed") else LatentEncoder
        encoder = family(**config["encoder"], latent_size=config["latent_size"])
        encoder.load_state_dict(
            _read_weights(folder / ENCODER, encoder.state_dict(), digests.get(ENCODER)), strict=True
        )
        encoder.eval().requires_grad_(False)
    network.eval()
    for file, one in ((WEIGHTS, network), (ENCODER, encoder)):
        if one is not None and not trial.is_sound(one):
            raise CheckpointError(
                f"{folder / file}: its weights lead to infinite values, or are beyond reason; {REMEDY}"
            )
    if encoder is not None:
        encoder.to(device.chosen())
    if isinstance(network, Generator | ShareNetwork):
        network.to(device.chosen())  # mask networks are small: they stay with the processor
        network.freeze(precision.for_search())
    else:
        network.freeze()
    return network, encoder, MappingProxyType(config)


def forget() -> None:
    """Keep no network for whoever asks next; those that somebody holds live on."""
    _read.cache_clear()


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
    for key in (*kind.flags, *(flag for flag in (*kind.optional, *kind.marks) if flag in config)):
        if not isinstance(config[key], bool):
            raise CheckpointError(f"{file}: {key} is {config[key]!r}, it must be true or false; {REMEDY}")
    for key in ("name", "label"):
        if not isinstance(config[key], str) or not config[key].strip():
            raise CheckpointError(f"{file}: {key} is {config[key]!r}, it must be a text; {REMEDY}")
        if len(config[key]) > LONGEST_LABEL or not config[key].isprintable():
            raise CheckpointError(
                f"{file}: {key} must be one line of at most {LONGEST_LABEL} characters; {REMEDY}"
            )
    if not FILE_NAME.fullmatch(config["name"]):
        raise CheckpointError(
            f"{file}: name is {config['name']!r}, it must be letters, digits, '.', '_' and '-' alone; {REMEDY}"
        )
    count = config[kind.sources] if isinstance(kind.sources, str) else kind.sources
    if count and not _texts(config.get("sources"), count):
        many = "two texts" if count == 2 else f"{count} texts"
        raise CheckpointError(
            f"{file}: sources is {config.get('sources')!r}, it must be a list of {many}; {REMEDY}"
        )
    if "encoder" in config:
        _check_encoder(config["encoder"], kind.encoder, file)
    _check_digests(config, file)
    return config


def _check_digests(config: Mapping[str, Any], file: Path) -> None:
    digests = config.get("sha256", {})
    needed = {WEIGHTS, ENCODER} if "encoder" in config else {WEIGHTS}
    if "sha256" not in config:
        return
    if not isinstance(digests, dict) or digests.keys() != needed:
        raise CheckpointError(f"{file}: sha256 must hold {' and '.join(sorted(needed))} alone; {REMEDY}")
    if not all(isinstance(one, str) and SHA256.fullmatch(one) for one in digests.values()):
        raise CheckpointError(f"{file}: sha256 must hold digests of 64 hexadecimal digits; {REMEDY}")


def _check_encoder(encoder: Any, most: Mapping[str, int] | None, file: Path) -> None:
    if most is None:
        raise CheckpointError(f"{file}: encoder is {encoder!r}, its kind has none; {REMEDY}")
    if not isinstance(encoder, dict) or encoder.keys() != most.keys():
        raise CheckpointError(
            f"{file}: encoder is {encoder!r}, it must hold {', '.join(most)} alone; {REMEDY}"
        )
    _check_sizes(encoder, most, file)


def _texts(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(isinstance(one, str) for one in value)


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


def _read_weights(file: Path, expected: Mapping[str, Tensor], digest: str | None) -> dict[str, Tensor]:
    """float32 tensors whose names and shapes are those of `expected`, all finite; the file's SHA-256 is `digest`."""
    content = _bytes(file)
    try:
        weights = load(content)
    except (SafetensorError, ValueError, KeyError) as error:  # ours, or a header that is no header
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
    if digest is not None and hashlib.sha256(content).hexdigest() != digest:
        raise CheckpointError(
            f"{file}: its SHA-256 is not the one in {CONFIG}: other weights, or damaged ones; {REMEDY}"
        )
    return {key: value.float() for key, value in weights.items()}


def _bytes(file: Path) -> bytes:
    """What a plain file of a sensible size holds; a pipe or a device would be waited for without end."""
    most = LARGEST[file.name]
    try:
        told = file.stat()
        if not stat.S_ISREG(told.st_mode):
            raise CheckpointError(f"{file}: is not a plain file; {REMEDY}")
        if told.st_size > most:
            raise CheckpointError(f"{file}: is larger than {most / 1e6:.0f} MB; {REMEDY}")
        return file.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{file}: cannot be read ({error.strerror}); {REMEDY}") from error


def _few(keys: list[str]) -> str:
    return (", ".join(keys[:3]) or "nothing") + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
