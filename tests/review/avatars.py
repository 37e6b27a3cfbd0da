"""Drawn people, for tests, screenshots and benchmarks of the review page: nobody's photo.

A person is a few numbers (skin, hair, shirt); an image of her differs in pose, light and what she
wears. Everything is painted here with Pillow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SKINS = ["#ffe0c7", "#f5c9a2", "#e3a876", "#c48654", "#8d5a34", "#5e3a22"]
HAIRS = ["#20160f", "#4a2f1d", "#8a5a2b", "#c9a15a", "#b8502e", "#5b5b66", "#d9d4cc"]
SHIRTS = ["#d94f4f", "#2f7dd1", "#3a9d5d", "#e0a526", "#8455c2", "#20929b", "#e6799f", "#555f73"]
MASKS = ["#eef6fb", "#a9d3ee", "#f4c6d0", "#343b47", "#c9e8c6"]
STYLES = 6
BIG = 2  # painted so much larger, then reduced: smooth edges


@dataclass(frozen=True)
class Person:
    """What stays the same in every image."""

    skin: str
    hair: str
    style: int
    shirt: str
    wide: float
    freckles: bool


@dataclass(frozen=True)
class Wears:
    mask: bool = False
    sunglasses: bool = False


def make_person(number: int) -> Person:
    rng = np.random.default_rng(900 + number)
    return Person(
        SKINS[int(rng.integers(len(SKINS)))],
        HAIRS[(number * 3 + int(rng.integers(2))) % len(HAIRS)],
        number % STYLES,
        SHIRTS[(number * 5) % len(SHIRTS)],
        float(rng.uniform(0.9, 1.08)),
        bool(rng.random() < 0.3),
    )


def draw_person(person: Person, wears: Wears, side_px: int, seed: int) -> Image.Image:
    """A bust on nothing (RGBA), ``side_px`` wide, 1.25 times as high; `FACE` is the face in it."""
    rng = np.random.default_rng(seed)
    unit = side_px * BIG / 100
    image = Image.new("RGBA", (side_px * BIG, round(side_px * BIG * 1.25)))
    draw = ImageDraw.Draw(image)

    def oval(x: float, y: float, rx: float, ry: float, fill: object) -> None:
        draw.ellipse(
            ((x - rx) * unit, (y - ry) * unit, (x + rx) * unit, (y + ry) * unit), fill=fill
        )

    w = 27 * person.wide
    _back_hair(oval, person, w)
    oval(50, 122, 40, 32, person.shirt)
    draw.rounded_rectangle(
        (42 * unit, 72 * unit, 58 * unit, 96 * unit), 7 * unit, fill=_shade(person.skin, 0.86)
    )
    for side in (-1, 1):
        oval(50 + side * w, 52, 5, 7, _shade(person.skin, 0.93))
    oval(50, 52, w, 33, person.skin)
    _features(draw, oval, person, unit, w, rng)
    _front_hair(draw, oval, person, unit, w)
    if wears.mask:
        _mask(draw, unit, w, MASKS[int(rng.integers(len(MASKS)))])
    if wears.sunglasses:
        _sunglasses(draw, unit, w)
    tilt = float(rng.uniform(-9, 9))
    image = image.rotate(tilt, Image.Resampling.BICUBIC, center=(50 * unit, 100 * unit))
    return image.resize((side_px, round(side_px * 1.25)), Image.Resampling.LANCZOS)


FACE = (0.22, 0.17, 0.78, 0.70)  # shares of the bust's width and height


def _back_hair(oval, person: Person, w: float) -> None:  # type: ignore[no-untyped-def]
    if person.style in (1, 4):
        oval(50, 62, w + 9, 46, _shade(person.hair, 0.8))
    if person.style == 2:
        for side in (-1, 1):
            oval(50 + side * (w + 9), 34, 11, 13, person.hair)


def _front_hair(draw, oval, person: Person, unit: float, w: float) -> None:  # type: ignore[no-untyped-def]
    box = ((50 - w - 2) * unit, 16 * unit, (50 + w + 2) * unit, 86 * unit)
    span = {
        0: (188, 352),
        1: (178, 362),
        2: (190, 350),
        3: (196, 344),
        4: (180, 360),
        5: (200, 340),
    }
    draw.chord(box, *span[person.style], fill=person.hair)
    if person.style == 3:  # curls
        for i in range(9):
            angle = math.pi * (1 + i / 8)
            oval(50 + math.cos(angle) * w, 40 + math.sin(angle) * 20, 9, 9, person.hair)
    if person.style == 5:  # a bun
        oval(50, 14, 11, 10, person.hair)
    if person.style == 4:  # a fringe
        draw.pieslice(
            ((50 - w) * unit, 14 * unit, (50 + w) * unit, 56 * unit), 180, 360, person.hair
        )


def _features(draw, oval, person: Person, unit: float, w: float, rng) -> None:  # type: ignore[no-untyped-def]
    look = float(rng.uniform(-1.6, 1.6))
    for side in (-1, 1):
        x = 50 + side * w * 0.42
        oval(x, 50, 5.6, 4.2, "#ffffff")
        oval(x + look, 50, 2.7, 3.0, "#2a2f3a")
        draw.arc(
            ((x - 7) * unit, 39 * unit, (x + 7) * unit, 49 * unit), 205, 335,
            fill=_shade(person.hair, 0.8), width=round(1.8 * unit),
        )  # fmt: skip
        oval(50 + side * w * 0.62, 63, 5, 3, _mix(person.skin, "#e8797b", 0.35))
    oval(50 + look / 2, 58, 2.7, 4.2, _shade(person.skin, 0.9))
    smile = float(rng.uniform(4, 11))
    draw.chord(
        (40 * unit, (68 - smile) * unit, 60 * unit, (68 + smile) * unit), 15, 165, fill="#a6423f"
    )
    if person.freckles:
        for x in (38, 42, 58, 62):
            oval(x, 60, 0.8, 0.8, _shade(person.skin, 0.75))


def _mask(draw, unit: float, w: float, colour: str) -> None:  # type: ignore[no-untyped-def]
    points = [
        (50 - w, 55),
        (50, 58),
        (50 + w, 55),
        (50 + w * 0.78, 76),
        (50, 87),
        (50 - w * 0.78, 76),
    ]
    for side in (-1, 1):
        line = [((50 + side * w) * unit, 57 * unit), ((50 + side * (w + 4)) * unit, 51 * unit)]
        draw.line(line, fill=_shade(colour, 0.9), width=round(1.6 * unit))
    draw.polygon([(x * unit, y * unit) for x, y in points], fill=colour)
    for y in (66, 72, 78):
        half = w * (0.85 - (y - 60) * 0.018)
        draw.line(
            [((50 - half) * unit, y * unit), ((50 + half) * unit, y * unit)],
            fill=_shade(colour, 0.9), width=round(0.9 * unit),
        )  # fmt: skip


def _sunglasses(draw, unit: float, w: float) -> None:  # type: ignore[no-untyped-def]
    for side in (-1, 1):
        x = 50 + side * w * 0.44
        box = ((x - 10) * unit, 42 * unit, (x + 10) * unit, 57 * unit)
        draw.rounded_rectangle(box, 6 * unit, fill="#171b22")
        draw.line(
            [((x - 5) * unit, 46 * unit), ((x - 1) * unit, 52 * unit)],
            fill="#4b5667",
            width=round(1.6 * unit),
        )
    draw.line(
        [((50 - w) * unit, 47 * unit), ((50 + w) * unit, 47 * unit)],
        fill="#171b22",
        width=round(2 * unit),
    )


def draw_scene(size_wh: tuple[int, int], seed: int) -> Image.Image:
    """A meadow, a classroom or a playground, out of focus."""
    rng = np.random.default_rng(seed)
    width, height = size_wh
    sky, ground = [
        ("#bfe3ff", "#93c47d"),
        ("#ffe9c9", "#c99d6b"),
        ("#dfe9ee", "#9fb3a1"),
        ("#ffd9c2", "#7f9c7a"),
    ][seed % 4]
    image = Image.new("RGB", size_wh, sky)
    draw = ImageDraw.Draw(image)
    horizon = height * float(rng.uniform(0.5, 0.66))
    draw.rectangle((0, horizon, width, height), fill=ground)
    for _ in range(9):
        x, r = float(rng.uniform(0, width)), float(rng.uniform(0.05, 0.16)) * height
        colour = ["#6fa86a", "#f7f7f7", "#e39a73", "#7aa7d8", "#f0cf6a"][int(rng.integers(5))]
        y = horizon - r * float(rng.uniform(-0.3, 1.2))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    return image.filter(ImageFilter.GaussianBlur(height / 60))


def _shade(colour: str, by: float) -> str:
    r, g, b = (round(int(colour[i : i + 2], 16) * by) for i in (1, 3, 5))
    return f"#{r:02x}{g:02x}{b:02x}"


def _mix(one: str, other: str, share: float) -> str:
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
