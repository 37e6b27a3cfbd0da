"""Draws a mask over nose, mouth and chin: a cloth bent over a 3-D head, with folds and loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from facesort.dataset.synth_head import EAR_XYZ, Floats, Head, fit_head
from facesort.dataset.synth_paint import Layer, Pixels, hsv

# colour (n, 3) of the cloth at (u, v): u -1..1 from ear to ear, v 0..1 from nose to chin
Cloth = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class Cut:
    """The shape of one mask, in head units (see synth_head)."""

    top_y: float  # upper edge on the nose
    chin_y: float  # lower edge under the chin
    side_top_y: float
    side_bottom_y: float
    reach: float  # how far round the face: radians from its middle
    tent: float  # how far it stands off the nose and mouth
    pleats: int
    seam: bool  # a fold down the middle


def draw_mask(rgb: Pixels, landmarks_px: ArrayLike, rng: np.random.Generator) -> Pixels:
    """A copy of ``rgb`` in which one face wears a mask. ``landmarks_px`` (5, 2): left eye, right
    eye, nose, left and right corner of the mouth; ``rng`` decides style, colour and fit."""
    head, cut = fit_head(landmarks_px), _choose_cut(rng)
    cloth, base, loop, fine = _choose_cloth(rng, cut.pleats > 0)
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


def _choose_cut(rng: np.random.Generator) -> Cut:
    top, chin = rng.uniform(0.16, 0.42), rng.uniform(1.78, 2.02)
    kind = rng.choice(["surgical", "cloth", "respirator"], p=[0.5, 0.35, 0.15])
    if kind == "surgical":
        side, low, reach = rng.uniform(0.45, 0.7), rng.uniform(1.2, 1.42), rng.uniform(1.1, 1.35)
        return Cut(top, chin, side, low, reach, rng.uniform(0.04, 0.1), 3, False)
    if kind == "cloth":
        side, low, reach = rng.uniform(0.45, 0.75), rng.uniform(1.1, 1.4), rng.uniform(1.05, 1.4)
        return Cut(
            top, chin, side, low, reach, rng.uniform(0.02, 0.07), 0, bool(rng.random() < 0.6)
        )
    side, low, reach = rng.uniform(0.6, 0.85), rng.uniform(1.0, 1.3), rng.uniform(0.95, 1.15)
    return Cut(top, chin, side, low, reach, rng.uniform(0.14, 0.24), 0, True)


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


def _choose_cloth(rng: np.random.Generator, surgical: bool) -> tuple[Cloth, Floats, Floats, bool]:
    """A cloth, its ground colour, the colour of its ear loops, and whether it has a pattern."""
    white = hsv(0.1, rng.uniform(0, 0.04), rng.uniform(0.88, 1.0))
    black = hsv(rng.random(), rng.uniform(0, 0.25), rng.uniform(0.08, 0.2))
    blue = hsv(rng.uniform(0.5, 0.59), rng.uniform(0.18, 0.5), rng.uniform(0.78, 0.98))
    green = hsv(rng.uniform(0.4, 0.5), rng.uniform(0.15, 0.35), rng.uniform(0.75, 0.92))
    pink = hsv(rng.uniform(0.9, 1.0), rng.uniform(0.15, 0.35), rng.uniform(0.85, 0.98))
    vivid = hsv(rng.random(), rng.uniform(0.3, 0.9), rng.uniform(0.25, 0.9))
    if surgical:
        choice = rng.choice(6, p=[0.45, 0.17, 0.17, 0.08, 0.07, 0.06])
        base = [blue, white, black, green, pink, vivid][choice]
        return _plain(base), base, base if choice == 2 else white * 0.96, False
    choice = rng.choice(4, p=[0.25, 0.2, 0.15, 0.4])
    base = [black, white, blue, vivid][choice]
    other = [white, black, vivid][rng.choice(3)]
    pattern = rng.choice(["plain", "dots", "stripes", "checks", "blots"], p=[0.5, *[0.125] * 4])
    loop = base * rng.uniform(0.7, 1.0)
    if pattern == "plain":
        return _plain(base), base, loop, False
    return _patterned(str(pattern), base, other, rng), base, loop, True


def _plain(base: Floats) -> Cloth:
    return lambda u, v: np.broadcast_to(base, (*u.shape, 3))


def _patterned(kind: str, base: Floats, other: Floats, rng: np.random.Generator) -> Cloth:
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
        else:
            field = np.sin(u[..., None] * waves[:, 0] + v[..., None] * waves[:, 1] * 2 + phases)
            share = (field.sum(-1) > 0.6) * 1.0
        return np.asarray(base + (other - base) * share[..., None])

    return cloth


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
    n = len(xyz) - 1
    mid = (np.arange(n) + 0.5) / n
    u, v = np.meshgrid(mid * 2 - 1, mid)
    shade = _shade(head, cut, xyz, u, v, rng)
    colours = np.clip(cloth(u, v) * shade[..., None], 0, 255)
    quads = np.stack([xyz[:-1, :-1], xyz[:-1, 1:], xyz[1:, 1:], xyz[1:, :-1]], axis=2)
    corners = head.project(quads).reshape(-1, 4, 2)
    far_first = np.argsort(head.depth(quads.mean(axis=2)).ravel(), kind="stable")
    for k in far_first:
        layer.fill(corners[k], colours.reshape(-1, 3)[k])


def _shade(
    head: Head, cut: Cut, xyz: Floats, u: Floats, v: Floats, rng: np.random.Generator
) -> Floats:
    """Brightness of each cell: light from above, folds, the hem and the wrinkles at the sides."""
    across, down = xyz[:-1, 1:] - xyz[:-1, :-1], xyz[1:, :-1] - xyz[:-1, :-1]
    normal = np.cross(across, down)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9
    facing = normal @ head.rotation.T
    light = np.array([rng.uniform(-0.6, 0.6), rng.uniform(-0.7, -0.2), 1.0])
    lambert = np.clip(facing @ (light / np.linalg.norm(light)), 0, 1)
    shade = 0.62 + 0.42 * lambert
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
