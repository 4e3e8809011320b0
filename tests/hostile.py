"""Files that nobody should be able to trip us with, made by a script: `python -m tests.hostile` runs them all.

Every case is read, and every sound that can be read is separated by PCA on the command line, in a process of its
own. It must end within SECONDS (a large one within SLOW_SECONDS), in MOST_MEGABYTES, with a result that adds up or
with one plain sentence, and leave nothing behind. `python -m tests.hostile NAME` runs the cases whose name holds
NAME; `--part 2/5` the second fifth of them. The rows of a table are printed; the exit code is the number of failures.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import os
import resource
import struct
import sys
import tempfile
import time
import traceback
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from bssdemo import image
from bssdemo.separation import read

SECONDS, SLOW_SECONDS, MOST_MEGABYTES = 120, 900, 1_500
RATE = 16_000
JARGON = (
    "codec",
    "Errno",
    "Traceback",
    "NoneType",
    "psf_",
    "libsndfile",
    "DecompressionBomb",
    "\\x",
    "surrogate",
)


@dataclass(frozen=True)
class Case:
    """One file; `make` writes it to the path it is given."""

    name: str
    kind: str  # sound or picture
    make: Callable[[Path], object]
    file: str = "a.bin"
    slow: bool = False


def sound(seconds: float = 0.4, rate: int = RATE, channels: int = 1) -> np.ndarray:
    """(samples, channels): a chord that decays, other notes in each channel."""
    time = np.arange(round(seconds * rate))[:, None] / rate
    pitch = 220 * (1 + np.arange(channels))[None]
    return 0.3 * np.sin(2 * np.pi * pitch * time) * np.exp(-time) + 0.1 * np.sin(2 * np.pi * 700 * time)


def encoded(
    format: str, samples: np.ndarray | None = None, rate: int = RATE, subtype: str | None = None
) -> bytearray:
    """A whole file in memory."""
    buffer = io.BytesIO()
    soundfile.write(buffer, sound() if samples is None else samples, rate, subtype, format=format)
    return bytearray(buffer.getvalue())


def over(content: bytearray, place: int, new: bytes) -> bytes:
    """With these bytes written over it."""
    content[place : place + len(new)] = new
    return bytes(content)


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _wave(path: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> None:
    with path.open("wb") as file:  # soundfile takes no name that is not UTF-8
        soundfile.write(file, samples, rate, subtype, format="WAV")


FORMATS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "OGG", "MP3")


def _headers() -> list[Case]:
    cases = []
    for riff in (0, 8, 36, 2**31, 2**32 - 1):
        for length in (0, 1, 1000, 2**31, 2**32 - 1):

            def make(path: Path, riff: int = riff, length: int = length) -> None:
                content = encoded("WAV")
                over(content, 4, struct.pack("<I", riff))
                _put(path, over(content, 40, struct.pack("<I", length)))

            cases.append(Case(f"wav says {riff} and {length}", "sound", make))
    for format in FORMATS:
        for part in (0.02, 0.3, 0.97):

            def cut(path: Path, format: str = format, part: float = part) -> None:
                content = encoded(format)
                _put(path, bytes(content[: round(part * len(content))]))

            cases.append(Case(f"{format} cut at {part:.0%}", "sound", cut))

        def zeros(path: Path, format: str = format) -> None:
            content = encoded(format)
            _put(path, over(content, len(content) // 2, bytes(len(content) // 4)))

        def magic(path: Path, format: str = format) -> None:
            noise = np.random.default_rng(0).integers(0, 256, 20_000, np.uint8).tobytes()
            _put(path, bytes(encoded(format)[:44]) + noise)

        cases += [
            Case(f"{format} with a hole", "sound", zeros),
            Case(f"{format} head, then noise", "sound", magic),
        ]
    for told in (0, 1, 2**32 - 1):
        make = lambda path, told=told: _put(path, over(encoded("FLAC"), 22, struct.pack(">I", told)))  # noqa: E731
        cases.append(Case(f"flac says {told}", "sound", make))
    return cases


def _levels() -> list[Case]:
    time = np.arange(RATE)[:, None] / RATE
    loud = sound(1.0)
    made = {
        "silent": np.zeros((RATE, 1)), "offset alone": np.full((RATE, 1), 0.5), "offset": 0.1 * loud + 0.5,
        "drift": 0.1 * loud + 0.5 * np.sin(2 * np.pi * 0.7 * time), "drift alone": np.sin(2 * np.pi * 0.7 * time),
        "quiet": 2e-4 * loud, "very quiet": 3e-6 * loud, "over full scale": 50 * loud,
        "one sample": loud[:1], "49.9 ms": loud[:798], "50 ms": loud[:800], "no samples": loud[:0],
        "click": np.eye(RATE, 1), "nan": np.where(time > 0.5, np.nan, loud), "inf": np.where(time > 0.5, np.inf, loud),
        "huge": 1e30 * loud, "denormal": 1e-40 * loud,
    }  # fmt: skip
    cases = []
    for name, samples in made.items():
        for subtype in ("PCM_16", "PCM_24", "FLOAT"):
            if subtype == "FLOAT" or name not in ("nan", "inf", "huge", "over full scale"):
                cases.append(
                    Case(f"{name} {subtype}", "sound", partial(_wave, samples=samples, subtype=subtype))
                )
    return cases


def _channels() -> list[Case]:
    one, hiss = sound(1.0), np.random.default_rng(0).normal(0, 0.01, (RATE, 1))
    made = {
        "out of phase": np.hstack([one, -one]), "out of phase with hiss": np.hstack([one, -one + hiss]),
        "late by 5 ms": np.hstack([one, np.roll(one, 80)]), "right alone": np.hstack([0 * one, one]),
        "quiet out of phase": np.hstack([one, -0.5 * one]),
    }  # fmt: skip
    for count in (3, 4, 5, 6, 7, 8, 16, 64):
        made[f"{count} channels"] = sound(0.3, channels=count)
    for count, place in ((3, 2), (4, 3), (6, 3), (6, 5), (8, 3)):
        rows = sound(1.0, channels=count)
        rows[:, place] = np.sin(2 * np.pi * 50 * np.arange(RATE) / RATE)
        made[f"hum in channel {place + 1} of {count}"] = rows
    cases = [Case(name, "sound", partial(_wave, samples=samples)) for name, samples in made.items()]
    for rate in (1, 3_999, 4_000, 11_025, 44_100, 96_000, 192_000, 384_000, 400_000):
        cases.append(Case(f"{rate} Hz", "sound", partial(_wave, samples=sound(0.3, rate), rate=rate)))
    return cases


def _names() -> list[Case]:
    cases = [
        Case("words called wav", "sound", lambda path: path.write_text("words\n" * 200), "a.wav"),
        Case("Latin-1 words", "sound", lambda path: _put(path, "Größe\n".encode("latin-1") * 99), "a.wav"),
        Case("empty", "sound", lambda path: _put(path, b""), "a.wav"),
        Case("a folder", "sound", lambda path: path.mkdir(), "a.wav"),
        Case("nothing there", "sound", lambda path: None, "a.wav"),
        Case("a playlist", "sound", lambda path: path.write_text("#EXTM3U\n/etc/passwd\n"), "a.m3u8"),
        Case("samples without a head", "sound", lambda path: _put(path, bytes(range(256)) * 99), "a.raw"),
    ]
    for name in (
        b"Caf\xe9.wav",
        b"\xff\xfe.wav",
        "日本語 ♫.wav".encode(),
        b"-o.wav",
        b"a\nb.wav",
        b"%s {x}.wav",
    ):
        cases.append(Case(f"called {name!r}", "sound", partial(_wave, samples=sound()), os.fsdecode(name)))
        cases.append(
            Case(f"words called {name!r}", "sound", lambda p: p.write_text("x" * 99), os.fsdecode(name))
        )
    return cases


def lasting(path: Path, seconds: int, rate: int, channels: int, format: str, subtype: str) -> None:
    """A second again and again: a minute at once would take more memory than reading it may."""
    second = sound(1.0, rate, channels).astype(np.float32)
    with soundfile.SoundFile(path, "w", rate, channels, subtype, format=format) as file:
        for _ in range(seconds):
            file.write(second)


def _long() -> list[Case]:
    fast = partial(lasting, seconds=60, rate=384_000, channels=2, format="FLAC", subtype="PCM_24")
    many = partial(lasting, seconds=60, rate=48_000, channels=16, format="WAV", subtype="PCM_16")
    return [
        Case("a minute at 384 kHz", "sound", fast, slow=True),
        Case("a minute of 16 channels", "sound", many, slow=True),
    ]


def _picture(path: Path, picture: Image.Image, format: str = "PNG", **options: object) -> None:
    picture.save(path, format=format, **options)


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has so many pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1_000))) + chunk(b"IEND", b"")


def _pictures() -> list[Case]:
    values = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    picture = Image.fromarray(values)
    cases = []
    for format in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"):
        buffer = io.BytesIO()
        picture.save(buffer, format)
        whole = buffer.getvalue()
        cases.append(Case(f"{format} whole", "picture", partial(_put, content=whole)))
        for part in (0.1, 0.5, 0.95):
            cut = whole[: round(part * len(whole))]
            cases.append(Case(f"{format} cut at {part:.0%}", "picture", partial(_put, content=cut)))
        hole = over(bytearray(whole), len(whole) // 2, bytes(len(whole) // 4))
        cases.append(Case(f"{format} with a hole", "picture", partial(_put, content=hole)))
    for bits in (8, 10, 12, 16):
        grey = (np.tile(np.linspace(0, 1, 32), (32, 1)) * (2**bits - 1)).astype(np.uint16)
        for format in ("PNG", "TIFF"):
            make = partial(_picture, picture=Image.fromarray(grey), format=format)
            cases.append(Case(f"{bits} bits in 16, {format}", "picture", make))
    blank = Image.new("RGB", (32, 32), "white")
    for format in ("GIF", "PNG", "WEBP", "TIFF"):
        make = partial(
            _picture,
            picture=blank,
            format=format,
            save_all=True,
            append_images=[blank, picture.resize((32, 32))],
        )
        cases.append(Case(f"blank at first, {format}", "picture", make))
    for mode in ("1", "L", "LA", "P", "PA", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F"):
        make = partial(
            _picture,
            picture=picture.convert("L" if mode in ("I", "F") else "RGB").convert(mode)
            if mode != "PA"
            else picture.convert("P").convert("PA"),
            format="TIFF",
        )
        cases.append(Case(f"mode {mode}", "picture", make))
    for size in ((1, 1), (7, 30), (10, 300), (8, 8)):
        cases.append(
            Case(f"{size[0]} x {size[1]}", "picture", partial(_picture, picture=picture.resize(size)))
        )
    for size in ((40_000, 40_000), (2**31 - 1, 9), (13_300, 13_300), (7_000, 8_000)):
        cases.append(Case(f"says {size[0]} x {size[1]}", "picture", partial(_put, content=_bomb(*size))))
    cases += [
        Case("words", "picture", lambda path: path.write_text("words\n" * 99), os.fsdecode(b"Caf\xe9.png")),
        Case("empty", "picture", lambda path: _put(path, b"")),
        Case("svg", "picture", lambda path: path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")),
    ]
    for format, mode in (
        ("PNG", "P"),
        ("GIF", "P"),
        ("WEBP", "RGBA"),
        ("TIFF", "F"),
        ("PNG", "I;16"),
        ("PNG", "RGBA"),
    ):

        def large(path: Path, format: str = format, mode: str = mode) -> None:
            Image.new(mode, (7_700, 7_700), 1 if mode in ("P", "F", "I;16") else "red").save(path, format)

        cases.append(Case(f"59 megapixels, {format} {mode}", "picture", large, slow=True))
    return cases


def cases() -> list[Case]:
    """All of them, each name once."""
    return [*_headers(), *_levels(), *_channels(), *_names(), *_long(), *_pictures()]


def tried(case: Case, folder: Path) -> str | None:
    """The sentence that refuses the case's file; None if it is read. Anything else is raised."""
    path = folder / case.file
    case.make(path)
    try:
        if case.kind == "sound":
            heard = read(path)
            assert heard.mono.isfinite().all()
            assert heard.mono.abs().max() > 0
        else:
            values = image.read(path, 3)
            assert values.isfinite().all()
            assert 0 <= values.min() <= values.max() <= 1
    except ValueError as error:
        sentence = str(error)
        sentence.encode("utf-8")  # can be printed
        assert not any(word in sentence for word in JARGON), sentence
        assert len(sentence) > 15, sentence
        return sentence
    return None


def _separated(path: Path, out: Path) -> None:
    """The command's own run: exit code 0, stems that add up to the mixture."""
    from bssdemo.commands.main import main

    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        code = main(["separate", str(path), "--sources", "digit,piano", "--method", "pca", "--out", str(out)])
    assert code == 0, told.getvalue()
    files = [
        soundfile.SoundFile(out / f"{name}.wav")
        for name in ("component-1", "component-2", "residual", "mixture")
    ]
    while len(blocks := [file.read(1 << 18, always_2d=True) for file in files]) and len(blocks[0]):
        assert np.abs(sum(blocks[:-1]) - blocks[-1]).max() < 2.1 / 32_768


def _alone(case: Case, separating: bool, told: multiprocessing.SimpleQueue) -> None:
    try:
        with tempfile.TemporaryDirectory() as home:
            tempfile.tempdir = str(Path(home, "tmp"))
            Path(tempfile.tempdir).mkdir()
            answer = tried(case, Path(home))
            if separating and case.kind == "sound" and answer is None:
                _separated(Path(home, case.file), Path(home, "out"))
            left = [path.name for path in Path(tempfile.tempdir).iterdir() if "numba" not in path.name]
            assert not left, f"left behind: {left}"
            tempfile.tempdir = None
        told.put((True, answer or "read", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
    except BaseException:
        told.put((False, traceback.format_exc(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def _run(case: Case, separating: bool) -> bool:
    began, context = time.perf_counter(), multiprocessing.get_context("fork")
    told: multiprocessing.SimpleQueue = context.SimpleQueue()
    process = context.Process(target=_alone, args=(case, separating, told))
    process.start()
    process.join(SLOW_SECONDS if case.slow else SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
    good, answer, peak = (
        (False, f"no answer, exit code {process.exitcode}", 0.0) if told.empty() else told.get()
    )
    good = good and peak < MOST_MEGABYTES
    seconds, word = time.perf_counter() - began, "ok" if good else "FAILED"
    told = " ".join(answer.replace("|", "/").split())
    print(f"| {case.kind} | {case.name} | {told} | {seconds:.1f} | {peak:.0f} | {word} |", flush=True)
    return good


def main() -> int:
    """The command; how many cases failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", default="", help="a part of the names of the cases to run")
    parser.add_argument("--part", default="1/1", help="which part of them: 2/5")
    parser.add_argument("--read", action="store_true", help="read the sounds, do not separate them")
    args = parser.parse_args()
    part, parts = map(int, args.part.split("/"))
    chosen = [case for case in cases() if args.name in case.name][part - 1 :: parts]
    failed = [case.name for case in chosen if not _run(case, not args.read)]
    print(f"{len(chosen)} cases, {len(failed)} failed", *failed, sep="\n", file=sys.stderr)
    return min(len(failed), 99)


if __name__ == "__main__":
    sys.exit(main())
