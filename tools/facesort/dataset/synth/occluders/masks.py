"""Draws a mask over nose, mouth and chin: a fabric bent over a 3-D head, with folds and loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from facesort.dataset.synth.head_model import EAR_XYZ, Floats, Head, fit_head
from facesort.dataset.synth.paint import Layer, Pixels, hsv
from facesort.dataset.synth.surface import draw_surface, lambert, middles

# colour (n, 3) of the cloth at (u, v): u -1..1 from ear to ear, v 0..1 from nose to chin
Cloth = Callable[[Floats, Floats], Floats]

PATTERNS = ("dots", "stripes", "checks", "blots", "flowers")


def choose_cloth(style: str, rng: np.random.Generator) -> tuple[Cloth, Floats, Floats, bool]:
    """A cloth for a mask of ``style``, its ground colour, the colour of its ear loops, and
    whether it has a pattern."""
    white = hsv(0.1, rng.uniform(0, 0.04), rng.uniform(0.88, 1.0))
    black = hsv(rng.random(), rng.uniform(0, 0.25), rng.uniform(0.06, 0.2))
    blue = hsv(rng.uniform(0.5, 0.59), rng.uniform(0.18, 0.5), rng.uniform(0.78, 0.98))
    green = hsv(rng.uniform(0.4, 0.5), rng.uniform(0.15, 0.35), rng.uniform(0.75, 0.92))
    pink = hsv(rng.uniform(0.9, 1.0), rng.uniform(0.15, 0.35), rng.uniform(0.85, 0.98))
    grey = hsv(rng.random(), rng.uniform(0, 0.08), rng.uniform(0.3, 0.7))
    vivid = hsv(rng.random(), rng.uniform(0.3, 0.85), rng.uniform(0.2, 0.85))
    if style == "patterned":
        base, other = (
            [black, white, blue, vivid][rng.choice(4)],
            [white, black, vivid][rng.choice(3)],
        )
        return patterned(base, other, rng), base, base * rng.uniform(0.7, 1.0), True
    likely = {  # blue, white, black, green, pink, grey, vivid
        "surgical": [0.52, 0.22, 0.0, 0.1, 0.08, 0.02, 0.06],
        "cloth": [0.16, 0.22, 0.0, 0.06, 0.06, 0.16, 0.34],
        "kn95": [0.04, 0.76, 0.0, 0.0, 0.04, 0.1, 0.06],
        "dark": [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
    }[style]
    base = [blue, white, black, green, pink, grey, vivid][rng.choice(7, p=likely)]
    loop = white * 0.96 if style in ("surgical", "kn95") else base * rng.uniform(0.7, 1.0)
    return plain(base), base, loop, False


def plain(base: Floats) -> Cloth:
    return lambda u, v: np.broadcast_to(base, (*u.shape, 3))


def patterned(base: Floats, other: Floats, rng: np.random.Generator) -> Cloth:
    kind = str(rng.choice(PATTERNS))
    turn, per_face = rng.uniform(0, np.pi), rng.uniform(4, 11)
    waves = rng.uniform(-1, 1, (5, 2)) * per_face
    phases = rng.uniform(0, 2 * np.pi, 5)

    def cloth(u: Floats, v: Floats) -> Floats:
        a = (u * np.cos(turn) + v * np.sin(turn)) * per_face
        b = (v * np.cos(turn) - u * np.sin(turn)) * per_face
        if kind == "stripes":
            share = (a % 1 < 0.5) * 1.0
        elif kind == "dots":
            share = (np.hypot(a % 1 - 0.5, b % 1 - 0.5) < 0.3) * 1.0
        elif kind == "checks":
            share = ((a % 1 < 0.5) * 1.0 + (b % 1 < 0.5)) / 2
        elif kind == "flowers":
            x, y = (a + 0.5 * (np.floor(b) % 2)) % 1 - 0.5, b % 1 - 0.5
            share = (np.hypot(x, y) < 0.28 + 0.13 * np.cos(5 * np.arctan2(y, x))) * 1.0
        else:
            field = np.sin(u[..., None] * waves[:, 0] + v[..., None] * waves[:, 1] * 2 + phases)
            share = (field.sum(-1) > 0.6) * 1.0
        return np.asarray(base + (other - base) * share[..., None])

    return cloth


MASK_STYLES = ("surgical", "cloth", "patterned", "kn95", "dark")


@dataclass(frozen=True)
class Cut:
    """The shape of one mask, in head units (see head.py)."""

    top_y: float  # upper edge on the nose
    chin_y: float  # lower edge under the chin
    side_top_y: float
    side_bottom_y: float
    reach: float  # how far round the face: radians from its middle
    tent: float  # how far it stands off the nose and mouth
    pleats: int
    seam: bool  # a fold down the middle


def draw_mask(
    rgb: Pixels,
    landmarks_px: ArrayLike,
    rng: np.random.Generator,
    style: str | None = None,
    fit: str = "worn",
) -> Pixels:
    """A copy of ``rgb`` in which one face wears a mask. ``landmarks_px`` (5, 2): left eye, right
    eye, nose, left and right corner of the mouth; ``rng`` decides colour, shape and, without a
    ``style`` of `MASK_STYLES`, the style. ``fit``: "worn", "nose_out" (it covers the mouth alone)
    "chin" (pulled down, it covers neither) or "bandana" (a cloth whose corner hangs down)."""
    style = style or str(rng.choice(MASK_STYLES, p=[0.4, 0.2, 0.13, 0.13, 0.14]))
    head, cut = fit_head(landmarks_px), _refit(_choose_cut(style, rng), fit, rng)
    cloth, base, loop, fine = choose_cloth(style, rng)
    corners = [_surface(cut, np.array([s, s]), np.array([0.06, 0.94])) for s in (-1.0, 1.0)]
    n = int(np.clip(head.unit_px * (2.0 if fine else 0.9), 16, 120 if fine else 72))
    u, v = np.meshgrid(np.linspace(-1, 1, n + 1), np.linspace(0, 1, n + 1))
    xyz = _surface(cut, u, v)
    ears = np.array([EAR_XYZ, [-EAR_XYZ[0], *EAR_XYZ[1:]]])
    outline = np.vstack([head.project(xyz).reshape(-1, 2), head.project(ears)])
    height, width = rgb.shape[:2]
    layer = Layer.around(outline, (width, height), base)
    if layer is None:
        return rgb.copy()
    for corner in corners:
        _draw_loops(layer, head, corner, loop)
    _draw_cloth(layer, head, cut, xyz, cloth, rng)
    return layer.over(rgb, head.unit_px * rng.uniform(0.002, 0.014), rng)


def _choose_cut(style: str, rng: np.random.Generator) -> Cut:
    top, chin = rng.uniform(0.16, 0.42), rng.uniform(1.78, 2.02)
    if style == "surgical" or (style == "dark" and rng.random() < 0.4):
        side, low, reach = rng.uniform(0.45, 0.7), rng.uniform(1.2, 1.42), rng.uniform(1.1, 1.35)
        return Cut(top, chin, side, low, reach, rng.uniform(0.04, 0.1), 3, False)
    if style == "kn95":
        side, low, reach = rng.uniform(0.6, 0.85), rng.uniform(1.0, 1.3), rng.uniform(0.95, 1.15)
        return Cut(top, chin, side, low, reach, rng.uniform(0.14, 0.24), 0, True)
    side, low, reach = rng.uniform(0.45, 0.75), rng.uniform(1.1, 1.4), rng.uniform(1.05, 1.4)
    return Cut(top, chin, side, low, reach, rng.uniform(0.02, 0.07), 0, bool(rng.random() < 0.6))


def _refit(cut: Cut, fit: str, rng: np.random.Generator) -> Cut:
    """The same mask, pulled down."""
    if fit == "nose_out":
        top, side = rng.uniform(0.76, 0.9), rng.uniform(0.7, 0.9)
        return replace(cut, top_y=top, side_top_y=side, tent=0.3 * cut.tent)
    if fit == "chin":
        top, chin = rng.uniform(1.5, 1.64), rng.uniform(2.08, 2.26)
        side, low = rng.uniform(1.15, 1.32), rng.uniform(1.5, 1.7)
        return Cut(top, chin, side, low, rng.uniform(1.1, 1.35), 0.02, min(cut.pleats, 2), False)
    if fit == "bandana":
        side, low = rng.uniform(0.4, 0.6), rng.uniform(1.1, 1.5)
        low_y, reach = rng.uniform(2.3, 2.9), rng.uniform(1.35, 1.5)
        return Cut(cut.top_y, low_y, side, low, reach, 0.03, 0, False)
    return cut


def _surface(cut: Cut, u: Floats, v: Floats) -> Floats:
    """Where the cloth's point (u, v) lies, in head units."""
    side = np.abs(u) ** 1.7
    top = cut.top_y + (cut.side_top_y - cut.top_y) * side
    bottom = cut.chin_y + (cut.side_bottom_y - cut.chin_y) * np.abs(u) ** 2.2
    y = top + (bottom - top) * v
    half_width = np.interp(y, [0, 0.5, 1.1, 1.5, 1.8, 2.1], [1.1, 1.1, 1.0, 0.86, 0.66, 0.5])
    front = np.interp(y, [0, 0.6, 1.1, 1.7, 1.85, 2.1], [0.12, 0.3, 0.26, 0.22, 0.1, -0.25])
    angle = u * cut.reach
    x, z = half_width * np.sin(angle), front - 1.05 * (1 - np.cos(angle))
    ridge = np.interp(y, [0.1, 0.3, 0.6, 0.8, 1.3, 1.8], [0.1, 0.16, 0.34, 0.3, 0.12, 0.0])
    width = np.interp(y, [0.2, 0.6, 1.2], [0.2, 0.34, 0.6])
    z = z + (ridge + cut.tent * np.sin(np.pi * v)) * np.exp(-((x / width) ** 2))
    return np.stack([x, y, z], axis=-1)


def _draw_loops(layer: Layer, head: Head, corners: Floats, colour: Floats) -> None:
    """Two strings from a side of the mask to the ear, where that side faces the viewer."""
    side = np.sign(corners[0, 0])
    if side * head.yaw > 0.3:  # turned away: the ear is behind the head
        return
    ear = np.array([side * EAR_XYZ[0], EAR_XYZ[1], EAR_XYZ[2]])
    for corner, end_y in zip(corners, (-0.08, 0.5), strict=True):
        end = ear + np.array([0, end_y, 0])
        bulge = np.array([side * 0.04, 0, 0.3])  # the string lies on the cheek
        t = np.linspace(0, 1, 12)[:, None]
        path = corner * (1 - t) + end * t + bulge * np.sin(np.pi * t)
        layer.line(head.project(path), colour * 0.9, head.unit_px * 0.038, closed=False)


def _draw_cloth(
    layer: Layer, head: Head, cut: Cut, xyz: Floats, cloth: Cloth, rng: np.random.Generator
) -> None:
    u, v = middles(len(xyz) - 1, len(xyz) - 1)
    shade = _folds(cut, 0.62 + 0.42 * lambert(head, xyz, rng), u, v, rng)
    draw_surface(layer, head, xyz, cloth(u, v) * shade[..., None])


def _folds(cut: Cut, shade: Floats, u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    """The light on each cell, with pleats, seam, hem and the wrinkles at the sides."""
    for k in range(cut.pleats):
        at = 0.3 + 0.19 * k + 0.03 * np.abs(u)
        shade = shade - 0.16 * np.exp(-(((v - at) / 0.018) ** 2))
        shade = shade + 0.05 * np.exp(-(((v - at - 0.04) / 0.03) ** 2))
    if cut.seam:
        shade = shade - 0.1 * np.exp(-((u / 0.025) ** 2))
    hem = np.minimum(v, 1 - v)
    shade = shade - 0.1 * np.exp(-(((hem - 0.05) / 0.012) ** 2))
    wrinkle = np.sin(v * rng.uniform(15, 40) + rng.uniform(0, 6) + 3 * np.sin(u * 5))
    return np.asarray(shade + 0.05 * wrinkle * np.abs(u) ** 2 * rng.uniform(0.3, 1.2))
